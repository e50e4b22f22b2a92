/**
 * A session that stands still, to show parts in any state: long names, three scripts, emoji. For the style
 * page alone; it has no connection, and every command is refused.
 */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Status } from '../shared/connection.js' */
/** @import { State } from '../shared/store.js' */

import { EMPTY } from '../shared/store.js';
import { computed } from '../vendor/signals.js';

export const NOON = Date.UTC(2026, 4, 1, 12);

/** @param {string} id @param {string} name @param {object} [more] */
const person = (id, name, more = {}) => ({ id, name, role: /** @type {const} */ ('viewer'), ...more });

const speaker = person('s', 'Prof. Ada Lindqvist', {
  role: 'speaker',
  title: 'Keynote speaker',
  affiliation: 'Institute for Remote Presence',
});
const long = person('l', 'Dr. Maximiliana Wolfeschlegelsteinhausenbergerdorff-Rosenzweig', { role: 'chair' });
const chinese = person('c', '欧阳明慧', { affiliation: '清华大学' });
const family = person('f', 'Sam 👩‍👩‍👧‍👦', { affiliation: 'University of Porto' });

/** @type {import('../shared/protocol.js').Declaration} */
const declared = {
  id: 'd',
  title: 'Joint declaration',
  text: 'We open both rooms, to whoever comes, wherever they are. 两个会场，一场对话。',
  organisations: ['Institute for Remote Presence', '清华大学', 'University of Porto', 'جامعة القاهرة'],
  signatures: [{ organisation: '清华大学', person: chinese, at: NOON }],
  open: true,
  at: NOON,
  on_screen: false,
};

/** The declaration, signed for one's own organisation too. */
export const SIGNED = { ...declared, signatures: [...declared.signatures, { organisation: 'University of Porto', person: family, at: NOON }] };

/** @type {State} */
export const FULL = {
  ...EMPTY,
  you: family,
  can: ['chat.post', 'question.ask', 'question.vote', 'question.withdraw', 'chat.delete'],
  epoch: 1,
  session: { id: 'specimen', title: 'Two rooms, one conversation', status: 'live', created: NOON, started: NOON },
  stage: [speaker, long],
  presence: { online: 1284, hall: 212, people: [speaker, long, chinese, family] },
  captions: {
    en: [
      { language: 'en', line: '1', text: 'Two rooms, one conversation:', at: NOON + 750_000 },
      { language: 'en', line: '2', text: 'what the last row hears, the sofa hears too.', at: NOON + 752_000 },
    ],
    zh: [{ language: 'zh', line: '1', text: '两个会场，一场对话。', at: NOON + 752_000 }],
  },
  declaration: declared,
  votes: { 6: 128, 7: 41 },
  yours: { ...EMPTY.yours, votes: ['7'] },
  chat: [
    { id: '1', author: family, text: 'Good evening from Lisbon', at: NOON },
    { id: '2', author: long, text: 'https://example.org/a-very-long-address-without-any-place-to-break-a-line/paper.pdf', at: NOON + 60_000 },
    { id: '3', author: chinese, text: '请问两个会场之间的延迟大概是多少？谢谢！', at: NOON + 120_000 },
    { id: '4', author: family, text: '👏👏👏', at: NOON + 180_000 },
  ],
  questions: [
    { id: '5', author: family, text: 'Does the hall hear us?', at: NOON, state: 'pending' },
    { id: '6', author: chinese, text: '远程讲者如何感受到会场的气氛？', at: NOON, state: 'on_screen' },
    { id: '7', author: long, text: 'How do you keep two rooms in one conversation?', at: NOON, state: 'approved' },
    { id: '8', author: family, text: 'Was that recorded?', at: NOON, state: 'answered' },
    { id: '9', author: family, text: 'Buy my book.', at: NOON, state: 'dismissed' },
  ],
};

/**
 * @param {Partial<State>} [state] what differs from `FULL`
 * @param {Status} [status]
 * @returns {LiveSession}
 */
export const specimen = (state = {}, status = { phase: 'open' }) => ({
  id: 'specimen',
  state: computed(() => ({ ...FULL, ...state })),
  status: computed(() => status),
  now: computed(() => NOON + 754_000),
  command: async () => ({ ok: false, code: 'rate_limited', reason: '' }),
  token: () => '',
  serverTime: () => NOON + 754_000,
  alive: async () => true,
});
