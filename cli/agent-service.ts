// An agent as a service: runs it with its dashboard and the control interface until a signal or a call ends it, and stands by while the
// disk of its folder is gone, read-only or failing. Nothing of that needs anybody to start anything again.

import { type AgentCalls, type ControlServer, relayCalls, serveControl } from '../agent/control/index.ts';
import {
  type DiskTrouble,
  HomeDisk,
  type LiveAgent,
  standsBy,
  startAgent,
  type StartOptions,
} from '../agent/live/index.ts';
import type { Dashboard, DashboardOptions } from '../dashboards/index.ts';

export interface ServiceOptions {
  readonly start: StartOptions;
  readonly createDashboard: (options: DashboardOptions) => Promise<Dashboard>;
  /** Of the dashboard on loopback; 0: any free one. */
  readonly dashboardPort: number;
  readonly metricsTokenFile: string;
  /** What is in that file; made where there is none. */
  readonly metricsToken: () => string;
  /** It runs for the first time. */
  readonly onUp: (agent: LiveAgent, dashboardUrl: string) => void;
  /** It stands by, or goes on. */
  readonly onTrouble: (trouble: DiskTrouble | undefined) => void;
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class AgentService {
  readonly #options: ServiceOptions;
  readonly #stop = new AbortController();
  readonly #disk: HomeDisk;
  #answers: AgentCalls | undefined;
  #control: ControlServer | undefined;
  #trouble: { readonly found: DiskTrouble; readonly since: Date } | undefined;
  #dashboardPort: number;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#disk = new HomeDisk(options.start.home);
    this.#dashboardPort = options.dashboardPort;
  }

  /** Until it is told to end. Throws as `startAgent`. */
  async run(): Promise<void> {
    for (const signal of stopSignals) process.once(signal, () => this.#stop.abort());
    process.on('uncaughtException', (error) => this.#stumbled(error));
    try {
      for (let agent = await startAgent(this.#options.start); ; agent = await this.#startAgain()) {
        this.#disk.remember();
        const found = await this.#serve(agent);
        this.#trouble = { found, since: new Date() };
        this.#options.onTrouble(found);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    } finally {
      await this.#control?.close();
    }
  }

  /** What a disk in trouble throws anywhere ends this run of the agent, and anything else the process, as it would by itself. */
  #stumbled(error: unknown): void {
    if (this.#disk.trouble() === undefined) {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    }
    this.#disk.hurry();
  }

  /** Serves until the disk is in trouble; rejects when it is told to end. */
  async #serve(agent: LiveAgent): Promise<DiskTrouble> {
    try {
      const dashboard = await this.#options.createDashboard({
        view: () => agent.view(),
        onChange: (listener) => agent.onChange(listener),
        port: this.#dashboardPort,
        metricsToken: this.#options.metricsToken(),
      });
      try {
        await this.#answerFor(agent, dashboard);
        return await this.#disk.watch((disk) => disk.trouble(), this.#stop.signal);
      } finally {
        this.#answers = undefined;
        await dashboard.close();
      }
    } finally {
      await agent.stop();
    }
  }

  async #answerFor(agent: LiveAgent, dashboard: Dashboard): Promise<void> {
    this.#dashboardPort = Number(new URL(dashboard.address).port);
    this.#answers = {
      ...agent.handlers,
      dashboard: () => ({
        url: dashboard.url(),
        metricsUrl: `${dashboard.address}metrics`,
        metricsTokenFile: this.#options.metricsTokenFile,
      }),
    };
    if (this.#control !== undefined) return;
    this.#control = await serveControl(this.#options.start.home, {
      ...relayCalls(() => this.#answererNow()),
      stop: () => this.#end(),
    });
    this.#options.onUp(agent, dashboard.url());
  }

  #end(): { readonly stopping: true } {
    setImmediate(() => this.#stop.abort());
    return { stopping: true };
  }

  /** A command that comes is a reason to look at the disk at once. Throws `agent-stands-by`. */
  #answererNow(): AgentCalls {
    const found = this.#disk.trouble();
    this.#disk.hurry();
    if (this.#answers !== undefined && found === undefined) return this.#answers;
    throw standsBy(found ?? this.#trouble?.found ?? isStarting, this.#trouble?.since ?? new Date());
  }

  /** Once the disk is well again. Rejects when it is told to end. */
  async #startAgain(): Promise<LiveAgent> {
    for (;;) {
      await this.#disk.watch((disk) => (disk.unfit() === undefined ? true : undefined), this.#stop.signal);
      try {
        const { isFirstLife: _, ...start } = this.#options.start;
        const agent = await startAgent(start);
        this.#trouble = undefined;
        this.#options.onTrouble(undefined);
        return agent;
      } catch (error) {
        // It was there for a moment only.
        if (this.#disk.unfit() === undefined) throw error;
      }
    }
  }
}

/** Between the two. */
const isStarting: DiskTrouble = { state: 'gone', reason: 'it was away, and the agent is starting' };
