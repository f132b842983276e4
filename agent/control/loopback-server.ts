// A server on loopback that does not let itself be held up: any program of this machine may connect to it.

import type { RequestListener, Server } from 'node:http';
import { http } from './http.ts';
import { loopbackConnectionsMax, requestHeadMsMax, requestMsMax, requestsLookMs } from '../limits.ts';

/** It does not listen yet. */
export function createLoopbackServer(application: RequestListener): Server {
  const bounds = {
    headersTimeout: requestHeadMsMax,
    requestTimeout: requestMsMax,
    connectionsCheckingInterval: requestsLookMs,
  };
  const server = http.createServer(bounds, application);
  server.maxConnections = loopbackConnectionsMax;
  return server;
}
