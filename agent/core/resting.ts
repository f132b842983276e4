// Whether work that can wait shall wait: on battery, and in the pauses that a person ordered.

import type { CoreEvent, PowerSource } from './events.ts';

export class Resting {
  #power: PowerSource = 'mains';
  #isPaused = false;

  /** Nothing that can wait shall be begun now. */
  get isOn(): boolean {
    return this.#isPaused || this.#power === 'battery';
  }

  handle(event: CoreEvent): void {
    if (event.kind === 'powerChanged') this.#power = event.source;
    if (event.kind === 'pullsPaused') this.#isPaused = event.isPaused;
  }
}
