// Waiting for a condition, never for a time.

// Asks until `check` returns something truthy, and returns that. A throw counts as "not yet"; the
// last one is told when the time is over.
export async function eventually(check, { what = 'the condition', within = 15000, every = 50 } = {}) {
  const end = Date.now() + within;
  let reason;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
      reason = undefined;
    } catch (error) {
      reason = error;
    }
    if (Date.now() > end)
      throw new Error(`${what} did not come about within ${within} ms`, { cause: reason });
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
