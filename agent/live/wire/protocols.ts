// Names of what agents speak over libp2p. A change of bytes is a new number.

export const tlsProtocol = '/drey/tls/1';
export const helloProtocol = '/drey/hello/1';
export const runProtocol = '/drey/run/1';
export const joinProtocol = '/drey/join/1';
export const messageProtocol = '/drey/message/1';
export const shardProtocol = '/drey/shard/1';
