// The hours of a workday that people ask for, and which kind of hour of a forecast each of them is.

import { hourKinds } from '../models/index.ts';
import { type States, statesOfHours } from './states.ts';

const namedHours: Readonly<Record<string, string>> = { '03:00': 'workday 03:00', '10:00': 'workday 10:00' };

/** States of each named hour that the forecast has. */
export const namedHourStates = (states: States): readonly (readonly [label: string, states: States])[] =>
  Object.entries(namedHours).flatMap(([label, hourName]) => {
    const some = statesOfHours(states, ({ name }) => name === hourName);
    return some === undefined ? [] : [[label, some] as const];
  });

/**
 * Kinds of hour by their numbers alone, as evidence has them. Forecasts of a fleet have all kinds in one order; where there are more or
 * fewer, nobody can tell which is which, and they have no names.
 */
export const numberedHours = (hourCount: number): States['hours'] =>
  hourCount === hourKinds.length
    ? hourKinds.map(({ name, isBusinessHour }) => ({ name, isBusinessHour }))
    : Array.from({ length: hourCount }, (_, hour) => ({ name: `kind ${hour}`, isBusinessHour: false }));

export const areNamed = ({ hours }: Pick<States, 'hours'>): boolean => hours.length === hourKinds.length;
