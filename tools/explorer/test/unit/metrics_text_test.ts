import assert from 'node:assert/strict';
import test from 'node:test';
import { readMetrics } from '../../src/core/metrics_text.ts';

test('[E46] the metrics of the server are read with their labels and their words', () => {
  const text = '# HELP a_total how many\n# TYPE a_total counter\na_total 7\na_total{reason="x y"} 1.5e3\n# HELP b_s time\nb_s_sum 0.25\nb_s_bucket{le="+Inf"} 3\nc +Inf\nnot a line\n';
  assert.deepEqual(readMetrics(text), [
    { name: 'a_total', labels: '', value: 7, help: 'how many' }, { name: 'a_total', labels: 'reason="x y"', value: 1500, help: 'how many' },
    { name: 'b_s_sum', labels: '', value: 0.25, help: 'time' }, { name: 'b_s_bucket', labels: 'le="+Inf"', value: 3, help: 'time' },
    { name: 'c', labels: '', value: Infinity, help: '' },
  ]);
});
