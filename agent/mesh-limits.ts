// Bounds of who is connected to whom in fleets of all sizes, each with its reason; all others are in limits.ts.

import { days, hours, minutes, seconds } from '../datasets/words.ts';

/** Up to so many machines, alive lately, are all connected to each other; in larger fleets each keeps a bounded number of connections. */
export const fullMeshMax = 64;
/** Machines that were silent for longer do not make a fleet larger. */
export const aliveMsMax = days(30);
/**
 * Rings on which the machines of a large fleet stand; each has two neighbours on each. Where two of three machines are off six rings still
 * connect all others, and a word passes through 10,000 machines in about five steps.
 */
export const ringCountDefault = 6;
/** Of each side of a ring so many are tried, the nearest first: all of them off at once is a disaster. */
export const ringSideLength = 16;
/** Tried at once, where none of the nearer ones has answered. */
export const ringTriesAtOnce = 2;
/** How large a fleet is is looked at this often, and when its roster changed. */
export const fleetLookMs = hours(6);
/** A machine that is there answers a dial in this time. */
export const dialAnswerMs = seconds(15);
/** A connection that work asked for is kept for so long after it was last asked for, */
export const callMs = minutes(5);
/** and one that nobody wants any more until nothing came over it for so long. */
export const idleMs = seconds(30);
/** Connections that work may open at once beside the neighbours; more wait for their turn. */
export const workLinksMax = 96;
/** Beyond so many connections idle ones are let go of by whoever has them, also those that others opened. */
export const linksMax = 256;
/** Machines with which packs are shared are visited this often, and after each new plan: then both say what they have. */
export const visitEveryMs = hours(24);
/** Machines that are asked at once who has shards of a pack that nobody known has, */
export const asksAtOnce = 32;
/** and how long that may take in all: a fleet of thousands. */
export const askingMsMax = minutes(20);
/** Visits that begin at one look, and how often that is. */
export const [visitsAtOnce, visitsEveryMs] = [48, seconds(10)];
/** Whom the packs here concern is gone through this often while shards come in. */
export const partnersEveryMs = minutes(1);
/** The elected planner hears of every machine in this time, by its log or by calling it; */
export const soundEveryMs = hours(2);
/** who was heard of in this time counts as up also where it is not connected. */
export const unheardMsMax = hours(3);
/** What the log says of a machine counts as silence up to this share of what is allowed; the rest it must have been called in vain. */
export const unheardShareMax = 0.75;
/** In large fleets the turns of all machines to take a free lease are spread over this: a lease is heard of everywhere within seconds. */
export const leaseTurnsMs = minutes(15);
