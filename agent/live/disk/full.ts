// What a system says when there is no space left, also through LevelDB, which wraps it.

const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT']);

export function isFullError(error: unknown): boolean {
  const { code, cause, message } = error as { code?: unknown; cause?: unknown; message?: unknown };
  if (fullCodes.has(code)) return true;
  if (typeof message === 'string' && message.includes('No space left')) return true;
  return cause instanceof Error && isFullError(cause);
}
