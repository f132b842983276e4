export { type Act, ActList, type KnownLength, type LogCheck } from './acts.ts';
export { AgentCore, type CoreIdentity } from './agent.ts';
export type { AuditCount } from './audit-questions.ts';
export { drawnLeaf, newPart, sealOfPart } from './audit-draws.ts';
export type { PendingCount } from './backup.ts';
export type { KnownDrive } from './catalogue.ts';
export type { CoreEffect, Effects } from './effects.ts';
export { membersOf, plannedMachinesMin } from './election.ts';
export { approvalOf, type StatedPlan } from './approvals.ts';
export { isFarAhead } from './followed-plans.ts';
export type { CoreEvent, HeardForget, PowerSource, StagedSnapshot } from './events.ts';
export { type Movement, movementBetween, reasonToHold, reviewReason } from './movement.ts';
export type { OwnReachCount } from './own-reach.ts';
export { type DriveProof, type ProofResult } from './proving.ts';
export {
  areRulesSet,
  type JudgedSnapshot,
  judgeSnapshots,
  type RetentionClock,
  type RetentionRules,
} from './retention.ts';
export { type Lock, type LockStep, nextLockStep, personsOf, putOutWithKey } from './rekeying.ts';
export { certificatesToRenew } from './renewal.ts';
export { idsIn } from './reclaim.ts';
export type { RepairWish } from './repair-watch.ts';
export type { ScrubCount, ScrubPosition } from './scrub.ts';
export { isNoteNeeded } from './noted-times.ts';
export { IndexSet } from './index-set.ts';
export type { KnownPack } from './known-pack.ts';
export { PackTable, rowsPerPage } from './pack-table.ts';
export { groupUnder, type Shelf } from './shelf.ts';
export { reasonText, type Standing, type TrustReason, trustText, type TrustView } from './trust.ts';
export {
  type LimitRule,
  limitsAt,
  limitsChangeMs,
  type LimitsNow,
  type LocalOffset,
} from './machine-limits.ts';
export type { ShardCount } from './survey.ts';
export { TokenBucket } from './token-bucket.ts';
export type { KnownAdmin } from './authority.ts';
export { isValidAt, type KnownInvite, type OpenedBatches } from './roster.ts';
export type { WipeState, WipeView } from './wipes.ts';
export { type MeshShape, meshShapeDefault } from './neighbours.ts';
export { Membership, type Presence } from './membership.ts';
export { outText } from './invite-uses.ts';
