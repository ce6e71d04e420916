/** Bytes before compression, without reading the body. ?1 tenant, ?2 hash. */
export const BLOB_SIZE = "SELECT size FROM blobs WHERE tenant = ?1 AND hash = ?2";
