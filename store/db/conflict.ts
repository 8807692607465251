// Who loses a race for a row that only one may write begins again, to see what the winner wrote.

/** Another transaction was quicker with a row that only one may write; roll back and begin again, to see what it wrote. */
export class LostRace extends Error {}
