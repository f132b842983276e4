export { createDashboard, type Dashboard, type DashboardOptions } from './server.ts';
export { metricsText } from './metrics.ts';
