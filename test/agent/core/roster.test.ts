// From when to when a machine belongs to the fleet, by all its certificates, in whatever order they are heard of.

import test from 'ava';
import type { MachineCertificate } from '../../../agent/codec/index.ts';
import { days, unixMs } from '../../../datasets/index.ts';
import { machines, membershipOf, startMs } from './fleet-of-four.ts';

const { peer } = machines[1];
const at = (day: number): ReturnType<typeof unixMs> => unixMs(startMs + days(day));
const certificate = (fromDay: number, toDay: number): MachineCertificate => ({
  kind: 'certificate',
  peer,
  name: 'pc',
  roles: ['holder'],
  notBeforeMs: at(fromDay),
  notAfterMs: at(toDay),
});

/** On which of some days it is a member. */
function memberOn(
  dayList: readonly number[],
  certificates: readonly MachineCertificate[],
): readonly number[] {
  const membership = membershipOf(machines[0]);
  for (const statement of certificates) membership.learn(statement, startMs);
  return dayList.filter((day) => membership.isMember(peer, at(day)));
}

test('a machine that an admin with a clock months ahead has renewed is a member all the time', (t) => {
  const three = [certificate(0, 365), certificate(310, 675), certificate(600, 965)];
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  const dayList = [-10, 0, 5, 300, 400, 650, 900, 980];
  for (const order of orders)
    t.deepEqual(
      memberOn(
        dayList,
        order.map((which) => three[which]!),
      ),
      [0, 5, 300, 400, 650, 900],
    );
});

test('a gap between two certificates is one', (t) => {
  const two = [certificate(0, 7), certificate(30, 60)];
  for (const certificates of [two, two.toReversed()]) t.deepEqual(memberOn([15, 40, 70], certificates), [40]);
});
