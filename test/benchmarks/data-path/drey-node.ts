// Node as the command `drey` sets it up, for what is started without that command.

/** Goes between Node and a script. */
export const dreyNodeArguments = [
  '--import',
  new URL('../../../cli/engine.js', import.meta.url).href,
] as const;
