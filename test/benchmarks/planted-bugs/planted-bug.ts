// A bug that a swarm must notice.

import type { SourceChange } from '../../helpers/planted-source.ts';

export interface PlantedBug extends SourceChange {
  readonly name: string;
  readonly about: string;
}
