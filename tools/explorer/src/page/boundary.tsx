// A view that breaks stays alone: the rest of the page goes on (E61).

import { Component, type ComponentChildren } from 'preact';
import { copy } from './copy.ts';

interface Props {
  /** Of what broke; another one begins anew. */
  name: string;
  children: ComponentChildren;
}

export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };
  static override getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
  override componentDidUpdate(before: Props) {
    if (before.name !== this.props.name && this.state.error !== null) this.setState({ error: null });
  }
  render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const details = `${this.props.name}: ${error.stack ?? error.message}\n${navigator.userAgent}`;
    return (
      <div class="empty" role="alert">
        <h2>This view broke</h2>
        <p>{error.message}. The others go on; nothing that was received is lost.</p>
        <button type="button" onClick={() => this.setState({ error: null })}>Try again</button>{' '}
        <button type="button" onClick={() => void copy(details, 'Details')}>Copy details</button>
      </div>
    );
  }
}
