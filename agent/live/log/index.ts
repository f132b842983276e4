export { type LiveLog, type LiveLogOptions, type LogLimits, openLiveLog } from './live-log.ts';
