/**
 * What hosts have of gates from now on; the transaction has locked the gates. Where nothing is said of the
 * greatest limit (NULL) it stays.
 */
export const WRITE_SLOT_SHARES = `
INSERT INTO slot_shares (gate, host, turn, held, wanted, is_given, is_told, waiting, most, cap)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::int[], $5::int[], $6::boolean[],
  $7::boolean[], $8::text[], $9::int[], $10::int[])
  AS g (gate, host, turn, held, wanted, is_given, is_told, waiting, most, cap)
ORDER BY g.gate, g.host
ON CONFLICT (gate, host) DO UPDATE SET turn = excluded.turn, held = excluded.held,
  wanted = excluded.wanted, is_given = excluded.is_given, is_told = excluded.is_told,
  waiting = excluded.waiting, cap = excluded.cap, most = coalesce(excluded.most, slot_shares.most)`;
