/**
 * Loaded into the victim before anything else (`node --import`): plants the bug that
 * LOCKSTITCH_TORTURE_PLANT names, which the torture then must find.
 */
import { plantBug } from "../simulation/plants.ts";

const name = process.env["LOCKSTITCH_TORTURE_PLANT"];
if (name !== undefined) plantBug(name);
