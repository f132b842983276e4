export { type Access, AccessCounts, filesPerHourMax } from './access-counts.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './collector.ts';
export { readMovingAttributes, readStaticAttributes, saltedHash } from './location.ts';
export { newRows, strayRow } from './import-rows.ts';
export { importTelemetry, recordBytesMax, recordRowsMax, telemetryRecords } from './telemetry-records.ts';
export { beatGapMsMax, beatMs, type LastEnd, UptimeJournal, waitingSpansMax } from './uptime-journal.ts';
