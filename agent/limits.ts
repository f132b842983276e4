// Every bound of the agent, with its reason. A queue, retry, frame or age that is neither here nor in mesh-limits.ts
// does not exist.

import { days, gibibyte, hours, kibibyte, mebibyte, minutes, seconds } from '../datasets/words.ts';

/**
 * From Friday noon to Tuesday morning: no weekend, not even a long one, may start a repair. On real desktops it moves half the bytes that 42 hours
 * move, and files are as available (docs/benchmarks/placement.md). A fleet policy may change it.
 */
export const holderSilenceMsMax = hours(90);
/** Machines restart and are carried from room to room: an admin who asks for less would have all of them replaced each time. */
export const holderSilenceMsMin = hours(1);
/** A machine that joined and does not say its first word in this time gets no shards by a plan until it does: it may never be started. */
export const firstWordMsMax = hours(1);
/** A message that is longer is an attack or a bug: the largest honest one is a page of log batches. */
export const frameBytesMax = 4 * mebibyte;
/** Frames waiting for one slow peer; beyond it the peer is cut and will pull again. */
export const queuedFramesPerPeerMax = 1024;
export const queuedBytesPerPeerMax = 16 * mebibyte;
/** Writes to a libp2p stream: larger ones were slower (design, LIBRARIES.md). */
export const streamWriteBytes = 256 * kibibyte;
/** Default target of a pack before sealing. */
export const packBytesTarget = 16 * mebibyte;
/** A pack never grows beyond this: one largest chunk over the target, and room for its directory. */
export const packBytesMax = 32 * mebibyte;
/** Content-defined chunks (FastCDC, Xia et al. ATC'16). */
export const chunkBytesMin = 256 * kibibyte;
export const chunkBytesAverage = mebibyte;
export const chunkBytesMax = 4 * mebibyte;
/** Plain bytes compressed and sealed together: small files are bundled up to this. */
export const blobBytesTarget = mebibyte;
/** GF(256) allows 255; beyond 32 a plan's groups are no longer sensible for desktops. */
export const shardCountMax = 32;
/** Leaves of a shard's hash tree, as BEP 52 has them: one is enough to audit a shard or to read a small file out of it. */
export const leafBytes = 16 * kibibyte;
/** Bulk transfers at once, each way: more only compete for the same disk. */
export const shardSendsMax = 4;
export const shardArrivalsMax = 8;
/** A transfer that moves no byte for this long has failed. */
export const transferSilenceMsMax = seconds(30);
/** One page of an answer to a log pull. */
export const batchPageBytesMax = mebibyte;
export const batchPageCountMax = 256;
/** One signed batch: about 100 records of a few hundred bytes, or one plan; it must fit into a frame. */
export const batchBytesMax = 3 * mebibyte;
export const recordsPerBatchMax = 128;
/** One statement of an admin: a policy with all vetoes and pins that there may be fits in. */
export const statementBytesMax = 8 * kibibyte;
export const vetoesMax = 64;
export const pinsMax = 32;
/** Batches of one log, by their numbers: a thousand a second for ten thousand years, and far below where numbers lose their last digit. */
export const logLengthMax = 2 ** 48;
/** Popular copies in one plan's record: `copiesMax` of optimizer/, which codec does not load for one number. */
export const planCopiesMax = 1000;
/** Telemetry is kept this long: the models look back eight weeks. */
export const telemetryAgeMsMax = days(63);
/** And never takes more than this per machine, oldest first. */
export const telemetryBytesPerAgentMax = 8 * mebibyte;
/** How often an agent writes what it saw of itself into its log. */
export const telemetryFlushMs = hours(1);
/** Heads, rosters and plans of all agents that a log store takes before it refuses strangers' facts. */
export const factBytesPerAgentMax = 64 * mebibyte;
/** An own log that has more takes no more plans, of which each is as large as hundreds of heads: others would refuse whatever follows at the end. */
export const ownPlansBytesMax = 0.7 * factBytesPerAgentMax;
/**
 * The optimizer's lease: another agent takes over when it lapses, or when its holder is gone. Each renewal goes to every
 * agent, and no repair waits for less than hours.
 */
export const leaseMs = hours(1);
/**
 * Others place shards under a plan that does not come: after this long the optimizer makes one with a higher epoch, not more often than the
 * second, and not beyond so many epochs at once, as they may be invented.
 */
export const unseenPlanMs = hours(1);
export const outbidEveryMs = hours(6);
export const epochsAheadMax = 1000;
/** Clocks of optimizers may differ by this; less than a night, so that yesterday's lease is over in the morning. */
export const leaseClockErrorMsMax = hours(6);
/** Plans that one agent computes by itself: a roll-out changes the roster all the time, and each plan is read by everybody. */
export const plansPerHourMax = 6;
/** A plan that would move more than this share of all bytes waits for an admin; a fleet policy may change it. */
export const holdMoveShareDefault = 0.5;
/** But less than this, fleet-wide, is moved without asking: it is there before the admin is. */
export const holdMoveBytesMin = 64 * gibibyte;
/** A new plan is computed at least this often, and at once when the roster changes. */
export const planAgeMsMax = days(7);
/** Copies of popular packs are weighed anew this often, and with every whole plan; */
export const copiesEveryMs = days(1);
/** for the first time so long after an optimizer took its lease: one that is switched off each evening would else never come to it. */
export const copiesSettleMs = hours(1);
/** Holders of one group compare all that they hold this often, and at once when they connect and after a new plan. */
export const inventoryEveryMs = hours(24);
/** What waits for others' words is announced again at last this often. */
export const reminderMsMax = hours(6);
/** Every shard is audited once in this time, but nobody asks more often than the shortest wait; rounds are a day apart. */
export const auditRoundMsMax = days(28);
export const auditRoundMsMin = days(1);
export const auditEveryMsMin = seconds(1);
export const auditEveryMsMax = seconds(10);
/** A holder that is connected and has not answered an audit by then has failed it. */
export const auditAnswerMsMax = minutes(5);
/** Proofs that are being read for others: each reads a whole shard. */
export const proofsMax = 4;
/** Audits of one machine that are being drawn or were within `auditAnswerMsMax`: it asks no more often than once a second. */
export const auditOffersMax = 512;
/** Draws for one pack with one machine within that time: it may have been started anew; who draws again and again gets the leaf that it wants. */
export const auditDrawsMax = 3;
/** Questions that wait until those are read, one of each machine. */
export const queuedProofsMax = 256;
/** An answer that comes after `auditAnswerMsMax` and within this is late; none at all is silence. */
export const lateAnswerMsMax = hours(20);
/** Who signed for a shard is asked to show it after one to two of these; */
export const receiptAuditMs = hours(1);
/** of so many receipts at once, the others are left to the other holders. */
export const auditedReceiptsMax = 64;
/** Evidence of one kind counts once in this time: one bad day is one fault, however many shards lay on the disk that broke. */
export const evidenceEveryMs = hours(20);
/** A doubt that nothing was added to is over after this: a machine that was left out gets its next chance then. */
export const doubtMsMax = days(14);
/** An auditor takes its doubt back after this long without a fault, */
export const doubtClearMs = days(7);
/** and so many proofs since the last one. */
export const doubtClearProofs = 3;
/** Between the warning and the leaving out: a day on which its owner can read it, and do something. */
export const doubtGraceMs = days(1);
/** One auditor may be wrong or lie; so few are enough where there are hardly more. */
export const doubtQuorumMin = 2;
/** Of machines that share no group with the doubted one in any plan that is known: as many as a large group has. */
export const doubtQuorumMax = 5;
/** Standings are judged anew this often, and when somebody said something. */
export const trustEveryMs = minutes(10);
/** Every agent reads all shards on its disk once in this time, whoever asks for them; what it missed while it was off it makes up for, */
export const scrubPassMsDefault = days(28);
/** but never faster than this on average: a terabyte in a day and a half, a small part of what a disk can do. */
export const scrubBytesPerSecondMax = 8 * mebibyte;
/** How far a pass is is written down this often: after a crash what was read since is read again. */
export const scrubNoteMs = minutes(10);
/** Each agent restores some files of its own drives from the others this often, and counts, */
export const proofEveryMs = days(1);
/** at most so many bytes a day on average: what costs more is followed by a longer pause. */
export const proofBytesPerDay = 256 * mebibyte;
/** Files of one proof; */
export const proofFilesMax = 5;
/** of a large file only so many of its bytes, in a row, from a random place on. */
export const proofFileBytesMax = 16 * mebibyte;
/** A proof that failed is tried again after this: holders may have been asleep. */
export const proofRetryMs = hours(1);
/** Holders that are off for so long are no night's sleep: people are told that nothing could be proven meanwhile. */
export const proofFailedMsMax = hours(26);
/** Longer without one, and people are told: a week's holiday with the lid closed is no alarm. */
export const proofAgeMsMax = days(8);
/** A snapshot is proven this long after it was taken, at the earliest: the holders are then at rest. */
export const proofSettleMs = minutes(10);
/** An owner that says nothing for so long is told of by the others: longer than a week at home; machines that are usually away for long have longer, */
export const ownerSilenceMsMin = days(7);
/** up to this. */
export const ownerSilenceMsMax = days(28);
/** An owner that speaks and has not saved all changes for so long is told of by the others. */
export const savedAgeMsMax = days(5);
/** Owners say that all is saved this often, at the most: the others have no other sign where nothing changes. */
export const savedSayEveryMs = days(1);
/** Others are judged this long after a start: their logs are behind until then. */
export const vigilSettleMs = minutes(30);
/** Pack ids in one inventory page. */
export const inventoryPackCountMax = 20_000;
/** Packs of which nothing is here yet, as one machine may speak of them: about 12 MB. What is more it names again within a day. */
export const heardPacksPerPeerMax = 50_000;
/** Anti-entropy: heads are exchanged with one random peer this often even without hints. */
export const headsEveryMs = minutes(10);
/** Wait before a failed send, dial or fetch is tried again: doubled each time, with jitter. */
export const retryMsMin = seconds(1);
export const retryMsMax = minutes(15);
/** Clocks of desktops are wrong: certificates and records may be this far in the future. */
export const clockSkewMsMax = hours(26);
/** An admin's agent renews what ends within this, once an hour at most: two months in which both must have been up at one time. */
export const certificateRenewMs = days(60);
export const renewalsEveryMs = hours(1);
/** A certificate's life; renewed by an admin agent well before. */
export const certificateMs = days(365);
/** Certificates of one machine that it showed, the last ones, which an agent remembers for as long as it runs: a machine gets a new one each year. */
export const shownCertificatesMax = 8;
export const inviteUsesMax = 100_000;
/** Keys that one admin's certificate can end: it has to fit into every statement. */
export const endedAdminsMax = 4;
/** Places in logs that one word against an admin key can name: it has to fit into a statement. */
export const endLogsMax = 24;
/** A quorum of so many is never together. */
export const wipeAdminsMax = 16;
/** A weekend and a day in which any admin can stop a wipe: longer by a fleet's wish, never shorter. */
export const wipeWaitMsMin = days(3);
/**
 * A machine that was off while others stopped a wipe has this long to hear of it before it frees anything for it. Whoever is on for less each day
 * never would.
 */
export const wipeAwakeMsMin = hours(2);
/** Between two looks at the clock: a machine that was away for longer has slept. A break at noon is none. */
export const sleepMsMin = hours(3);
/** Who deletes by law has to do so within a month. */
export const wipeWaitMsMax = days(30);
/** Packs are looked through for wipes this often. */
export const wipesEveryMs = minutes(10);
/** Strangers may hold this many connections before the oldest is closed. */
export const strangersMax = 64;
/** A stranger must show a certificate within this time. */
export const helloMsMax = seconds(10);
/** Ids of snapshots, and of packs, in one record of what is given up: with both it stays well below a batch. */
export const forgetIdCountMax = 20_000;
/**
 * Packs that their owner gave up stay with their holders for this long, by the holders' own clocks: time to notice that the
 * owner's machine was not itself, and for restores that have begun.
 */
export const forgottenGraceMs = days(7);
/** Packs are looked through this often for those whose time is over. */
export const reclaimEveryMs = hours(1);
/**
 * Words that packs are given up which are not here, as an agent remembers them: about 40 MB. Of what is not remembered a shard may come back from
 * who lags behind; it goes with the next start.
 */
export const givenUpPacksMax = 200_000;
/** A pack of which more than this is needed by no kept snapshot is emptied into new ones: it frees more than it moves. */
export const deadShareToRepack = 0.7;
/** Packs emptied in one run: about a gigabyte to fetch, once a day. */
export const repackCountMax = 64;
/** Retention is applied and dead packs are given up this often, by each owner's agent. */
export const keepingEveryMs = days(1);
/** More of a drive's files than this removed or turned into noise within a day: nothing is forgotten until a person has looked. */
export const massChangeShare = 0.5;
/** Drives with fewer files change as a whole on any day. */
export const massChangeFilesMin = 50;
export const massChangeWindowMs = days(1);
/** Space that held shards never take, so that deletes, restores and the index always work. */
export const reserveBytes = 64 * mebibyte;
/** Default share of a disk's free space that the fleet may use, and its cap. */
export const quotaShareDefault = 0.5;
export const quotaBytesDefaultMax = 1024 * gibibyte;
/** A plan waits until the roster was quiet for this long: a whole office is switched on within minutes. */
export const planSettleMs = seconds(3);
/** Where it is never quiet, as machines come and go all the time, it waits for so long. */
export const planSettleMsMax = minutes(10);
/** A plan that could not be computed is tried again after this: a full disk may have room again by then. */
export const planRetryMs = hours(1);
/** A pulled shard that has not arrived by then is pulled elsewhere: a queue of a few packs on a slow uplink. */
export const pullMsMax = minutes(2);
/** Whoever let that go by is asked for nothing more for so long, and twice as long each further time. */
export const [silentSourceMsMin, silentSourceMsMax] = [minutes(4), hours(2)];
/** Who said that it sends nothing now, as its person has it rest, is asked again after so long: a pause ends when a person likes. */
export const refusedSourceMs = minutes(1);
/** Shards wanted at once, over all peers; more only make the sender's queue longer. */
export const pullsMax = 8;
/** A holder that is away for longer when a pack waits for it is no restart: another machine stands in for it; */
export const standInAfterMs = seconds(20);
/**
 * so does one for a holder that is there and has signed for nothing in this time: a full disk, a person's rest. Shorter, and stand-ins would do
 * the work twice of holders that are busy with others' first backups.
 */
export const standInForSilentMs = hours(1);
/** Who has signed for younger packs of an owner and not for this one is no longer waited for after so long: it may have lost the shard, or lie. */
export const standInOvertakenMs = hours(2);
/** A stand-in that has signed for nothing in this time is passed over */
export const standInPatienceMs = minutes(5);
/** for so long: until all others were tried; */
export const standInSilentMs = hours(1);
/** a machine that said that it takes nothing for so long: its disk is full, or its person has it rest. */
export const standInRefusedMs = minutes(30);
/** Whether shards lack a stand-in is looked at this often, and when a pack is staged. */
export const standInLookMs = seconds(10);
/** Shards that an owner asks of one stand-in at once, */
export const standInAsksMax = 16;
/** and that one machine takes on at once, of all owners; what has not come in this time it forgets. */
export const standInTasksMax = 64;
export const standInTaskMs = minutes(10);
/** Shards for others' slots that are asked for beside those of the own slots, which may be thousands. */
export const standInPullsMax = 4;
/** Pulls of others that wait for a free sending slot, */
export const queuedPullsMax = 4096;
/** and of one machine: it asks for a few at once (`pullsMax`, and a restore for some packs ahead). */
export const queuedPullsPerPeerMax = 512;
/** Packs that one restore fetches ahead of the writer. */
export const restorePacksAhead = 4;
/** Times that shards of one pack are fetched and cannot be read when they are put together: a disk that spoils all gets no more. */
export const readsInVainMax = 8;
/** Own packs that others may have lost are looked for this often. */
export const lostLookEveryMs = days(1);
/** A range of a shard that one message shows, */
export const rangeBytesMax = 256 * kibibyte;
/** such ranges that are read for one owner at once, */
export const rangeReadsPerPeerMax = 64;
/** and for all of them: they lie in memory until they are sent. */
export const rangeReadsMax = 128;
/** Ranges of packs that a restore may wait for at once. */
export const rangeWishesMax = 64;
/** Whoever has not shown a range by then may be halted: the pack is fetched whole, */
export const rangeAnswerMsMax = seconds(2);
/** and the machine is asked for no range for this long. */
export const rangeSilenceMs = minutes(10);
/** Packs asked about at once: as many as one message takes. */
export const surveyPackCountMax = 1000;
/** Events kept for people. */
export const eventLinesMax = 200;
/**
 * For so long after it met the first other one a machine of a small fleet compares logs with somebody every second: where several come up at
 * once, hints fly before anybody listens.
 */
export const meetingMs = seconds(12);
/** Logs are compared with one peer this soon after an own append, in case the hint was lost. */
export const headsAfterAppendMs = seconds(15);
/** A full disk is asked for room again after this long, doubled each time up to the second: somebody may have emptied the bin. */
export const fullDiskWaitMsMin = minutes(1);
export const fullDiskWaitMsMax = minutes(30);
/** A broken or lost shard is looked for again after this long; what waits for others' words is announced again. */
export const shardRetryMs = seconds(10);
/** Shards that are missing here are put in order again this often, and with every plan; so many are looked at in one tick, the rest waits for the next. */
export const repairOrderEveryMs = minutes(1);
export const repairWantsPerTick = 512;
/**
 * So often, `headsAfterAppendMs` apart, somebody is asked for what a log is said to have; after these five minutes it counts as hearsay. What there
 * is comes with the next comparison of logs.
 */
export const questionsInVainMax = 20;
/** Old telemetry that did not come after so many questions, but later one, is nowhere any more. */
export const telemetryAsksMin = 3;
/** Logs of authors without a certificate of which an agent remembers that they exist; their certificates mostly follow at once. */
export const strangerLogsMax = 1024;
/** Logs in one page of a comparison: those of ten thousand machines, at most 2 MB. */
export const headsPerPageMax = 20_000;
/** Peers with which logs are compared when they connect, of all that do; one would be enough if none were behind. */
export const headsOnConnect = 2;
/** Absent peers that are dialled at the shortest wait; where more are absent each waits in proportion, as it dials back. */
export const absentDialsMax = 4;
/** A machine that has just met others writes when so many have said how much of its log they have, and no more of it came for so long, */
export const ownLogSettleMs = seconds(2);
/** or for so long where one says that it has more: over a bad line, or a lie. */
export const ownLogClaimMs = minutes(1);
/** One other machine may have been away for as long as this one: so many are asked where there are as many, */
export const ownLogWitnessesMin = 2;
/** or it is waited for others for so long. */
export const ownLogPairMs = minutes(10);
export const ownLogAsksMax = 16;
/** Hashes of the newest batches of a log that an agent remembers: whoever wrote something else under such a number has two histories. */
export const logHashesKept = 16;
/** Of the own log all of a few years: a machine that was put back may learn late that it wrote other words before. 6 MiB. */
export const ownLogHashesKept = 65_536;
/** A problem is told (alerts) when it has stood for this long, and its end when it was away for as long: what blinks wakes nobody. */
export const problemSettleMs = minutes(1);
/** The list of problems is made anew this often, besides when somebody looks: it goes through all packs that are known. */
export const problemsEveryMs = seconds(10);
/** Promotions of models, which commands make in a folder, are looked for this often. */
export const promotionsEveryMs = minutes(1);
/** Below it transfers take so long that those who asked give up: what is slower than this is a pause. A large shard then takes a minute. */
export const rateBytesPerSecondMin = 256 * kibibyte;
/** Of one agent: more than any desktop has cores for. */
export const threadsMax = 256;

/** Rules of a machine about its rates and hours. */
export const limitRulesMax = 16;
/** What may flow at once after a rest, where there is a rate: two writes to a stream. */
export const pacingBurstBytes = 512 * kibibyte;
/** The battery and the network are looked at this often. */
export const surroundingsEveryMs = minutes(2);
/** A certificate that ends within this time is a problem of its machine. */
export const certificateWarnMs = days(30);
/** Connections to each of the two servers on loopback, which any program of this machine can open; */
export const loopbackConnectionsMax = 256;
/** the head of a request comes in this time, and all of it in the second; it is looked every third whether it did. */
export const requestHeadMsMax = seconds(10);
export const requestMsMax = seconds(30);
export const requestsLookMs = seconds(5);
/** Alerts that wait for one receiver; more of them say nothing that the first did not. */
export const queuedAlertsMax = 50;
/** Problems in one alert; the list of `drey status` has the others. */
export const changesPerAlertMax = 50;
/** One attempt to deliver an alert, and the waits between attempts: doubled each time, with jitter. */
export const alertAttemptMsMax = seconds(15);
export const alertRetryMsMin = seconds(15);
export const alertRetryMsMax = hours(1);
/** An alert that could not be delivered for so long is given up: it is no news any more. */
export const alertAgeMsMax = days(1);
/** A receiver that took nothing for this long is a problem of its own. */
export const alertSilenceMs = minutes(5);
/** Those who asked for a batch that is on its way here get it when it comes. */
export const waitingAskersMax = 16;
