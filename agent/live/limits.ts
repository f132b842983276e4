// Bounds of the live ports alone, each with its reason. What core and simulation know too is in agent/limits.ts.

import { gibibyte, hours, kibibyte, mebibyte, minutes, seconds } from '../../datasets/words.ts';

/** A peer that answers nothing is asked this often whether it lives … */
export const pingEveryMs = seconds(10);
/** … and is dead when it does not answer for this long: a desktop under full load may stop for seconds. */
export const pingSilenceMsMax = seconds(10);
/** A stranger who is joining gets this long; a person may not wait longer either. */
export const joinMsMax = seconds(20);
/** Who joins begins no further round over silent addresses after this: an admin's machine may just be starting, and a person waits. */
export const joinPatienceMs = minutes(1);
/** Addresses that an agent names of itself: what an address record takes. */
export const addressesMax = 16;
/** Whether the own addresses have changed is looked at this often, and twice before it is believed … */
export const ownAddressesLookMs = seconds(30);
/** … and said no more often than this: a tunnel may come and go all day, and each word stays in a log. */
export const ownAddressesSayMs = minutes(10);
/** An agent that is connected to nobody dials the addresses that it knows at least this often: a few packets, and a person waits. */
export const aloneDialMsMax = minutes(1);
/** One dial, with all addresses of the peer. */
export const dialMsMax = seconds(10);
/** Connections of a whole fleet, and as many strangers again. */
export const connectionsMax = 2048;
/** New connections a second from one address: a whole site may sit behind one router. */
export const inboundConnectionsPerSecondMax = 64;
/** Keys are agreed in two round trips; a machine under full load, or behind a slow line, takes seconds. */
export const tlsHandshakeMsMax = seconds(10);
/** Bytes that an encrypted connection takes ahead of the network. */
export const socketBufferBytesMax = mebibyte;
/** A stream's window: larger ones were slower on a LAN; 2 MiB is 40 MB/s at 50 ms. Below what libp2p buffers for a paused reader. */
export const streamWindowBytesMax = 2 * mebibyte;
/** Bytes that a reader takes ahead of its consumer before the sender is held back. */
export const readAheadBytesMax = mebibyte;
/** A piece of 256 KiB that takes as long as so many of the longest silences is held up on purpose: in a minute, 4 KiB/s. */
export const silencesPerWrite = 2;
/** Hints are at most this long (ports.ts); with gossipsub's own frame around them. */
export const hintBytesMax = kibibyte;
export const hintFrameBytesMax = 16 * kibibyte;
/** Hints that wait for a peer which reads none: some ten thousand. Logs are compared anyway. */
export const hintQueueBytesMax = 4 * mebibyte;
/** Control entries of one kind, and names of topics, in a frame of gossipsub: there is one topic, so an honest frame has one or two. */
export const hintControlsMax = 32;
export const hintTopicBytesMax = 16 * kibibyte;
/** Shards waiting for a free sending slot, over all peers. */
export const queuedShardSendsMax = 4096;
/** Arrivals of one peer at once, waiting ones too; the sender has a queue of its own. */
export const shardStreamsPerPeerMax = 16;
/** The header of a shard comes with its stream; a machine under full load may stop for seconds. Until then the stream takes no place from others. */
export const shardHeaderMsMax = seconds(10);
/** Streams that the other side opens over one connection: those of shards, and a dozen more. Each may fill a window before anybody reads it. */
export const streamsPerConnectionMax = 64;
/** Connections of one machine: both may dial at once, and after a restart old ones stand until they are found dead. */
export const connectionsPerPeerMax = 8;
/** A discovered or bootstrap address that refused us is left alone for this long. */
export const refusedRestMs = minutes(5);
/** That a machine runs twice is said for this long after it was last seen: the one that is turned away comes again every 15 minutes at least. */
export const twinNewsMsMax = hours(1);
/** That another machine speaks in words of a newer version is said for this long after the last of them. */
export const newerWordsNewsMsMax = hours(2);
/** As long as no more waits in the outbox, a new pack stays in the page cache: it is sent within seconds. Behind more it would lie there for nothing. */
export const outboxCachedBytesMax = 256 * mebibyte;
/** A restore flushes what it wrote after so much, and takes it out of the page cache; what is smaller stays there, as it is likely to be read. */
export const settledBytesMin = 256 * mebibyte;
/** Batches waiting to be flushed; beyond it the log says `full`. */
export const queuedBatchesMax = 8192;
/** Batches in one flush: one fsync for all that came in meanwhile. */
export const batchesPerFlushMax = 256;
/** Records of the core's orders that wait for a disk that is full: machines put out, plans, one head; a fleet makes few in the days of a full disk. */
export const refusedOrdersMax = 256;
/** Writes of the database in one flush: one fsync for all shards that came in meanwhile. */
export const writesPerFlushMax = 256;
/** What LevelDB keeps in memory of what was written last: of four times as much it writes a fifth less, in the same CPU, and keeps twice that; */
export const databaseBufferBytes = mebibyte;
/** and of what was read: rows are read in turn, or one of a hundred thousand. */
export const databaseCacheBytes = 2 * mebibyte;
/** What LevelDB's new log and table may take when the database is opened anew. */
export const databaseRoomBytes = 8 * mebibyte;
/** The log for people: with the file before it, weeks of a busy agent. */
export const logFileBytesMax = 8 * mebibyte;
/** Lines that wait for a disk that is full; more of them are given up. */
export const waitingLogBytesMax = mebibyte;
/** Set aside in the agent's folder: what LevelDB's new log and table take at a start, twice. */
export const startReserveBytes = 16 * mebibyte;
/** Buffers of one piece that wait for their next use while shards are open: four shards of 16 MiB on their way. */
export const spareBuffersMax = 256;
/** Scratch shards in memory: as many packs as a restore fetches ahead, a little over the usual size. More goes to files. */
export const scratchMemoryBytesMax = 80 * mebibyte;
/** A snapshot's tree, and the segments of its index together: some twenty million files. A root may name one chunk a million times. */
export const snapshotBytesMax = 4 * gibibyte;
/** What is remembered of the last tree beside its summaries: entries that a part leaves unfinished. They are short but for the largest files'. */
export const unfinishedBytesMax = 64 * mebibyte;
/** Whether the own log is sure to be whole is looked at this often … */
export const ownLogLookMs = 100;
/** … for this long while nobody is there: machines that are up connect within seconds, a person waits, and a join lasts `joinMsMax`. */
export const ownLogPatienceMs = seconds(5);
/** … and for this long while somebody gives words back: thousands of batches take seconds. */
export const ownLogWaitMsMax = minutes(1);
/** The disk of the agent's folder is looked at this often, and whenever a command comes. */
export const homeDiskLookMs = seconds(15);
