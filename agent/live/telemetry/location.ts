// Where this machine stands, from signals that need no configuration. Addresses leave it only as hashes under the
// fleet's salt: equal inside one fleet, meaningless outside. What the system does not tell stays absent.

import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { endianness, networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { type MachineAttributes, rowLimits } from '../../../datasets/index.ts';
import { inTime } from '../system-answers.ts';
import { firmwareNames, systemNames, toldIn } from './linux-facts.ts';

/** What changes at most with a new disk, an update or a new desk: some of these calls take 100 ms and more. */
export type StaticAttributes = Pick<MachineAttributes, 'hardwareModel' | 'osBuild' | 'diskClass'>;
/** What a walk to another building changes: cheap, read each minute. */
export type MovingAttributes = Pick<MachineAttributes, 'subnet' | 'gateway' | 'timeZone'>;

/** Hardware model, OS build and disk class as the system tells them. Rejects where it does not answer in time. */
export const readStaticAttributes = inTime(async (): Promise<StaticAttributes> => {
  const { default: systeminformation } = await import('systeminformation');
  const [{ hardware, system }, disks] = await Promise.all([
    process.platform === 'linux' ? { hardware: firmwareNames(), system: systemNames() } : askNames(),
    systeminformation.diskLayout(),
  ]);
  const disk = disks[0];
  return {
    ...named('hardwareModel', hardware),
    ...named('osBuild', system),
    ...named('diskClass', disk === undefined ? [] : [disk.interfaceType, disk.type]),
  };
});

async function askNames(): Promise<{
  readonly hardware: readonly string[];
  readonly system: readonly string[];
}> {
  const { default: systeminformation } = await import('systeminformation');
  const [system, os] = await Promise.all([systeminformation.system(), systeminformation.osInfo()]);
  return {
    hardware: [system.manufacturer, system.model],
    system: [os.distro, os.release, os.build === '' ? os.kernel : os.build],
  };
}

/** Network and time zone at this moment. `salt`: the fleet's id. Rejects where the system does not answer in time. */
export async function readMovingAttributes(salt: string): Promise<MovingAttributes> {
  const timeZone = named('timeZone', [Intl.DateTimeFormat().resolvedOptions().timeZone]);
  const gateway = await askGateway();
  if (isIP(gateway) === 0) return timeZone;
  const network = networkOf(gateway);
  const hardware = await hardwareAddressOf(gateway);
  return {
    ...timeZone,
    ...(network === undefined ? {} : { subnet: saltedHash(salt, `subnet ${network}`) }),
    ...(hardware === undefined ? {} : { gateway: saltedHash(salt, `gateway ${hardware}`) }),
  };
}

/** Once a minute: where the kernel tells it, no program is started for it. Empty where there is none. */
async function askGateway(): Promise<string> {
  const routes = process.platform === 'linux' ? toldIn('/proc/net/route') : undefined;
  return routes === undefined ? askLibrary() : gatewayOfRoutes(routes);
}

const askLibrary = inTime(async () => {
  const { default: systeminformation } = await import('systeminformation');
  return systeminformation.networkGatewayDefault();
});

const usableRoute = 1 | 2;

/**
 * The router of the default route with the lowest metric, of a table like /proc/net/route (proc_pid_net(5)); empty where there is none. A tunnel that
 * takes everything by two halves is not asked for: a machine is where its own network is.
 */
export function gatewayOfRoutes(table: string): string {
  const routers = table.split('\n').flatMap((line) => {
    const [, destination, router = '', flags = '', , , metric, mask] = line.split(/\s+/u);
    const isDefault = [destination, mask].every((word) => word === '00000000');
    const isUsable = (Number.parseInt(flags, 16) & usableRoute) === usableRoute;
    return isDefault && isUsable && /^[0-9A-F]{8}$/u.test(router) ? [{ router, metric: Number(metric) }] : [];
  });
  const [first] = routers.toSorted((a, b) => a.metric - b.metric);
  if (first === undefined) return '';
  const bytes = [...Buffer.from(first.router, 'hex')];
  return (endianness() === 'LE' ? bytes.toReversed() : bytes).join('.');
}

/** 16 hex digits: HMAC-SHA-256 under the fleet's salt. */
export const saltedHash = (salt: string, value: string): string =>
  createHmac('sha256', salt).update(value).digest('hex').slice(0, 16);

/** "address/prefix" of the interface whose network holds the gateway. */
function networkOf(gateway: string): string | undefined {
  const family = isIP(gateway) === 4 ? 'ipv4' : 'ipv6';
  for (const { cidr } of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])) {
    const [address, prefix] = cidr?.split('/') ?? [];
    if (address === undefined || prefix === undefined || isIP(address) !== isIP(gateway)) continue;
    const network = new BlockList();
    network.addSubnet(address, Number(prefix), family);
    if (network.check(gateway, family)) return `${networkAddress(address, Number(prefix))}/${prefix}`;
  }
  return undefined;
}

/** IPv4: host bits cleared. IPv6: the routed half, which all hosts of one network share. */
function networkAddress(address: string, prefix: number): string {
  if (isIP(address) !== 4) return address.split(':').slice(0, 4).join(':');
  const bits = address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const hosts = 2 ** (32 - prefix);
  return String(Math.floor(bits / hosts) * hosts);
}

const hardwareAddress = /(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}/iu;

/** The gateway's hardware address from the system's own neighbour table. */
async function hardwareAddressOf(gateway: string): Promise<string | undefined> {
  const table = process.platform === 'linux' ? (toldIn('/proc/net/arp') ?? '') : await askArp(gateway);
  const line = table.split('\n').find((row) => row.split(/[\s()]+/u).includes(gateway));
  const found = line === undefined ? undefined : hardwareAddress.exec(line)?.[0];
  return found?.toLowerCase().replaceAll('-', ':');
}

const askArp = async (gateway: string): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)('arp', ['-a', gateway], {
      timeout: 5000,
      windowsHide: true,
    });
    return stdout;
  } catch {
    return '';
  }
};

/** One attribute from the words that the system tells; absent when it tells none. */
function named<Name extends keyof MachineAttributes>(
  name: Name,
  words: readonly unknown[],
): { readonly [Key in Name]?: string } {
  const text = words
    .map((word) => (typeof word === 'string' ? word.trim() : ''))
    .filter((word) => word !== '' && word !== '-')
    .join(' ')
    .slice(0, rowLimits.attributeLengthMax);
  return text === '' ? {} : ({ [name]: text } as { readonly [Key in Name]: string });
}
