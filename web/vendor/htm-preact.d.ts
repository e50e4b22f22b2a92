import type { VNode } from 'preact';
export { h, render, Component } from 'preact';
/** JSX without a compiler: a tagged template that becomes Preact nodes. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
