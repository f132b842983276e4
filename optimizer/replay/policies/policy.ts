// What a placement policy is: it looks at the past and says what it believes about the machines, and how groups are to be
// chosen by that. Everything else (capacities, repair, moves, the accounts) is the same for all of them.

import type { FleetHistory } from '../../../datasets/index.ts';
import type { PresenceForecast } from '../../../models/index.ts';
import type { GroupsQuestion } from '../../groups.ts';
import type { RepairPrices } from '../../repair-urgency.ts';
import type { States } from '../../states.ts';

export interface Lesson {
  /** Machines that were seen by now, up to now; columns of all that follows. */
  readonly past: FleetHistory;
  /** One column of labels each, −1 where a machine has none. Only for policies that need labels. */
  readonly labels?: readonly Int32Array[];
  /** The hours until the next lesson, or until the end where there is none, of the same machines. Only for the oracle. */
  readonly future?: FleetHistory;
  /** Members of a group, and how many of them must be up. */
  readonly redundancy: GroupsQuestion['redundancy'];
  readonly seed: number | string;
}

/** What a policy believes until its next lesson. */
export interface Belief extends Pick<GroupsQuestion, 'states' | 'apart' | 'method'> {
  /** N values in 0..1: P(the machine has left for good); a replica on it is made again elsewhere when it is over a half. */
  readonly goneOdds?: Float64Array;
  /** With it, each group is repaired by its margin (`repairUrgency`); without it by the plain timeout and `goneOdds`. */
  readonly presence?: PresenceForecast;
  /** Default: what Drey repairs by. */
  readonly prices?: RepairPrices;
  /** Groups of its own making; the others are chosen from the states. */
  readonly groups?: (question: GroupsQuestion) => readonly (readonly number[])[];
  /** What serves, in a few words: "learned joint failure", "best-k (baseline)". */
  readonly source?: string;
}

export interface Policy {
  readonly name: string;
  readonly needs: 'past' | 'labels' | 'future';
  learn(lesson: Lesson): Belief | Promise<Belief>;
}

/** Column of odds as the only state: every machine fails by itself. */
export const oneState = (past: FleetHistory, down: Float64Array): States => ({
  machines: past.machines.map(({ machine }) => machine),
  weights: Float64Array.of(1),
  down: [down],
  hourOfState: Int32Array.of(0),
  hours: [{ name: 'all', isBusinessHour: false }],
});
