// Sites whose copies follow a forecast: at each plan `choosePopularCopies` says what stays and what is brought; between two plans what is
// fetched stays where it is worth more than what would have to go. Nothing leaves before its room is needed.

import type { FileId } from '../../../datasets/index.ts';
import { choosePopularCopies, type CopyCosts } from '../../popular-copies.ts';
import type { AccessAccount, Read, SiteStore } from './reads.ts';
import { WorthQueue } from './worth-queue.ts';

/** Demand that is expected of a file on a site within the horizon. */
export interface ExpectedDemand {
  readonly file: FileId;
  readonly site: number;
  readonly byteCount: number;
  readonly reads: number;
}

export interface PushRules {
  readonly siteCount: number;
  /** Bytes that each site spares. */
  readonly capacityBytes: number;
  readonly costs: CopyCosts;
  /** Demand that each read adds to what is expected, until the next plan. */
  readonly echo: number;
}

interface Copy {
  readonly bytes: number;
  /** Pushed and not read since. */
  isUnread: boolean;
}

export class PlannedSites {
  readonly #rules: PushRules;
  readonly #sites: readonly PlannedSite[];

  constructor(rules: PushRules) {
    this.#rules = rules;
    this.#sites = Array.from({ length: rules.siteCount }, () => new PlannedSite(rules));
  }

  store(site: number): SiteStore {
    return this.#sites[site]!;
  }

  /** Carries out a plan made of what is expected now. Each site is one host that never fails: access logs know no uptime. */
  plan(expected: readonly ExpectedDemand[], account: AccessAccount): void {
    const { costs, capacityBytes } = this.#rules;
    for (const site of this.#sites) site.forget();
    for (const { site, file, reads } of expected) this.#sites[site]!.expect(file, reads);
    const copies = choosePopularCopies({
      demands: expected.map(({ site, file, byteCount, reads }) => ({
        site,
        reads,
        byteCount,
        absence: 1,
        ...(this.#sites[site]!.has(file) ? { heldBy: [site] } : {}),
      })),
      hosts: this.#sites.map((_, site) => ({ site, spareBytes: capacityBytes, down: 0 })),
      costs,
    });
    const chosen = this.#sites.map(() => new Map<FileId, number>());
    for (const { demand } of copies) {
      const { site, file, byteCount } = expected[demand]!;
      chosen[site]!.set(file, byteCount);
    }
    for (const [site, files] of chosen.entries()) this.#sites[site]!.bring(files, account);
  }

  /** Counts what was pushed and is still unread at the end. */
  close(account: AccessAccount): void {
    for (const site of this.#sites) site.close(account);
  }
}

class PlannedSite implements SiteStore {
  readonly #rules: PushRules;
  /** In the order of the last read. */
  readonly #kept = new Map<FileId, Copy>();
  readonly #worth = new Map<FileId, number>();
  /** Of what is kept. Absent from when a plan says anew what files are worth until somebody has to leave. */
  #queue: WorthQueue | undefined;
  #bytes = 0;
  #wastedBytes = 0;

  constructor(rules: PushRules) {
    this.#rules = rules;
  }

  has(file: FileId): boolean {
    return this.#kept.has(file);
  }

  forget(): void {
    this.#worth.clear();
    this.#queue = undefined;
  }

  expect(file: FileId, reads: number): void {
    this.#worth.set(file, reads);
  }

  read({ file, byteCount }: Read): boolean {
    this.#worth.set(file, this.#worthOf(file) + this.#rules.echo);
    const isHit = this.#kept.has(file);
    const bytes = this.#kept.get(file)?.bytes ?? byteCount;
    if (isHit) this.#remove(file);
    if (isHit || this.#makeRoom(bytes, this.#worthOf(file))) this.#keep(file, { bytes, isUnread: false });
    return isHit;
  }

  /** Brings what is missing of the chosen; what was not chosen makes room for it. */
  bring(chosen: ReadonlyMap<FileId, number>, account: AccessAccount): void {
    for (const [file, bytes] of chosen) {
      if (this.#kept.has(file) || !this.#makeRoom(bytes, Number.POSITIVE_INFINITY, chosen)) continue;
      this.#keep(file, { bytes, isUnread: true });
      account.pushedBytes += bytes;
      account.wanBytes += bytes;
    }
  }

  close(account: AccessAccount): void {
    for (const { bytes, isUnread } of this.#kept.values()) if (isUnread) this.#wastedBytes += bytes;
    account.wastedBytes += this.#wastedBytes;
  }

  #worthOf(file: FileId): number {
    return this.#worth.get(file) ?? 0;
  }

  #keep(file: FileId, copy: Copy): void {
    this.#kept.set(file, copy);
    this.#queue?.put(file, { bytes: copy.bytes, worth: this.#worthOf(file) });
    this.#bytes += copy.bytes;
  }

  #remove(file: FileId): void {
    this.#bytes -= this.#kept.get(file)!.bytes;
    this.#kept.delete(file);
    this.#queue?.remove(file);
  }

  #queueOfKept(): WorthQueue {
    if (this.#queue !== undefined) return this.#queue;
    const queue = new WorthQueue();
    for (const [file, { bytes }] of this.#kept) queue.put(file, { bytes, worth: this.#worthOf(file) });
    this.#queue = queue;
    return queue;
  }

  /** Drops the copies that are worth least, none of `spared`, so that `bytes` fit; false, and none dropped, where one of them is worth as much. */
  #makeRoom(bytes: number, worth: number, spared?: ReadonlyMap<FileId, number>): boolean {
    const need = this.#bytes + bytes - this.#rules.capacityBytes;
    if (need <= 0) return true;
    const leaving = this.#queueOfKept().leastWorth(need, spared);
    if (leaving === undefined || leaving.most >= worth) return false;
    for (const file of leaving.files) {
      const { isUnread, bytes: dropped } = this.#kept.get(file)!;
      if (isUnread) this.#wastedBytes += dropped;
      this.#remove(file);
    }
    return true;
  }
}
