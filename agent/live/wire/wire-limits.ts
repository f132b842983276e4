// Bounds of the wire that tests make smaller; agent/limits.ts and agent/live/limits.ts say why each is what it is.

import * as bounds from '../../limits.ts';
import { aloneDialMsMax, pingEveryMs, pingSilenceMsMax, shardHeaderMsMax } from '../limits.ts';

export const wireLimits = {
  frameBytesMax: bounds.frameBytesMax,
  queuedFramesPerPeerMax: bounds.queuedFramesPerPeerMax,
  queuedBytesPerPeerMax: bounds.queuedBytesPerPeerMax,
  transferSilenceMsMax: bounds.transferSilenceMsMax,
  shardSendsMax: bounds.shardSendsMax,
  shardArrivalsMax: bounds.shardArrivalsMax,
  strangersMax: bounds.strangersMax,
  helloMsMax: bounds.helloMsMax,
  shardHeaderMsMax,
  retryMsMin: bounds.retryMsMin,
  retryMsMax: aloneDialMsMax,
  pingEveryMs,
  pingSilenceMsMax,
};

export type WireLimits = { readonly [Name in keyof typeof wireLimits]: number };
