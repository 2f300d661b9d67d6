// Prometheus text, as `GET /metrics` answers it.

export interface Sample {
  name: string;
  /** `reason="full"`; empty: none. */
  labels: string;
  value: number;
  help: string;
}

export function readMetrics(text: string): Sample[] {
  const helps = new Map<string, string>();
  return text.split('\n').flatMap((line) => {
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    if (help) helps.set(help[1]!, help[2]!);
    const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!sample) return [];
    const [, name = '', labels = '', written = ''] = sample;
    const value = Number(written.replace('Inf', 'Infinity'));
    return Number.isNaN(value) ? [] : [{ name, labels, value, help: helps.get(name) ?? helps.get(name.replace(/_(sum|count|bucket)$/, '')) ?? '' }];
  });
}
