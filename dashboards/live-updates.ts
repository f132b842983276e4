// Server-sent events: the whole view to every open page, at most twice a second, and every 15 s where nothing changed: ages go on, and a page
// sees by it that its agent lives. A page that reads slowly gets fewer views, never a queue of them.

import type { Response } from 'express';
import type { FleetView } from '../agent/index.ts';
import { seconds } from '../datasets/index.ts';

/** An agent serves one machine's people; more open pages are a mistake or an attack. */
const clientsMax = 32;
const updateEveryMs = 500;
/** A page takes three that do not come for an agent that hangs (`browser/page.ts`); what says "2 min ago" is never older. */
export const beatMs = seconds(15);

export interface ViewSource {
  readonly view: () => FleetView;
  readonly onChange: (listener: () => void) => () => void;
}

export class LiveUpdates {
  readonly #view: () => FleetView;
  readonly #stopListening: () => void;
  readonly #clients = new Set<Response>();
  /** Clients that have yet to take in what they were sent; they get the newest view when they have. */
  readonly #behind = new Set<Response>();
  readonly #beat: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: ViewSource) {
    this.#view = source.view;
    this.#stopListening = source.onChange(() => this.#soon());
    this.#beat = setInterval(() => this.#sendView(), beatMs);
  }

  /** Sends the view at once and at every change; 503 beyond 32 pages. */
  add(response: Response): void {
    if (this.#clients.size >= clientsMax) {
      response.status(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#clients.add(response);
    response.on('drain', () => {
      if (this.#behind.delete(response)) response.write(this.#message());
    });
    response.on('close', () => {
      this.#clients.delete(response);
      this.#behind.delete(response);
    });
    response.write(this.#message());
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
      this.#sendView();
    }, updateEveryMs);
  }

  #sendView(): void {
    if (this.#clients.size === 0) return;
    const message = this.#message();
    for (const client of this.#clients)
      if (client.writableNeedDrain) this.#behind.add(client);
      else client.write(message);
  }

  #message(): string {
    return `event: view\ndata: ${JSON.stringify(this.#view())}\n\n`;
  }
}
