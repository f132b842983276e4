// Planted bugs of plans that wait for an admin.

import type { PlantedBug } from './planted-bug.ts';

export const reviews: readonly PlantedBug[] = [
  {
    name: 'nobody is waited for',
    about: 'a plan that waits for an admin is followed as soon as it is heard',
    file: 'core/followed-plans.ts',
    find: 'return (stated.waits === undefined && !this.#isReviewed) || this.#isApproved(stated);',
    replace: 'return true;',
  },
  {
    name: 'review mode alone',
    about: 'in review mode a plan that does not say that it waits is followed',
    file: 'core/followed-plans.ts',
    find: "return this.#membership.policy?.planMode === 'review' && this.approvals.isAny;",
    replace: 'return false;',
  },
  {
    name: 'any admin ever',
    about: 'a plan is followed that was approved with the key of an admin who was put out',
    file: 'core/approvals.ts',
    find: 'if (authority.holds(admin, at)) yield said;',
    replace: 'if (authority.holds(admin, at) || said.epoch > 0) yield said;',
  },
  {
    name: 'no second reading',
    about: 'of an approved plan that is remembered no more the log is not read again',
    file: 'core/followed-plans.ts',
    find: 'if (!this.#isRecalling) return [];',
    replace: 'if (this.#isRecalling) return [];',
  },
];
