// Server-sent events: the whole view to every open page, at most twice a second, and a heartbeat so that nobody gives up.

import type { Request, Response } from 'express';
import type { FleetView } from '../agent/index.ts';
import { seconds } from '../datasets/index.ts';

const clientsMax = 32;
const updateEveryMs = 500;
const beatMs = seconds(15);

export class LiveUpdates {
  readonly #view: () => FleetView;
  readonly #stopListening: () => void;
  readonly #clients = new Set<Response>();
  readonly #beat: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: {
    readonly view: () => FleetView;
    readonly onChange: (listener: () => void) => () => void;
  }) {
    this.#view = source.view;
    this.#stopListening = source.onChange(() => this.#soon());
    this.#beat = setInterval(() => this.#toAll(': still here\n\n'), beatMs);
  }

  add(request: Request, response: Response): void {
    if (this.#clients.size >= clientsMax) {
      response.status(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(this.#message());
    this.#clients.add(response);
    request.on('close', () => this.#clients.delete(response));
  }

  close(): void {
    this.#stopListening();
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    for (const client of this.#clients) client.end();
  }

  #soon(): void {
    if (this.#clients.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#toAll(this.#message());
    }, updateEveryMs);
  }

  #message(): string {
    return `event: view\ndata: ${JSON.stringify(this.#view())}\n\n`;
  }

  #toAll(text: string): void {
    for (const client of this.#clients) client.write(text);
  }
}
