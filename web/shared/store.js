/**
 * A session as this page may see it. Owns the fold from what the server says to what the page shows;
 * the law: a fact is applied once and in the order of its number, whatever is sent twice. Pure: no
 * socket, no clock, and no state is ever changed in place.
 */

/** @import { Air, AnyEvent, AnyServerMessage, Channel, ChatMessage, ChatMute, ChatRules, Cue, Events, Media, Person, Session, Timetable, Welcome, WordList } from './protocol.js' */
/** @import { Floor, Hand } from './protocol.js' */
/** @import { Clock, Preflight, Return, ReturnFeed } from './protocol.js' */
/** @import { Announcement, Caption, Declaration, Moderation, Poll, PollTotal, Question, Reaction, Tick, YourBallot } from './protocol.js' */

/** Chat lines kept of each channel, as long as a page is open; the server's snapshot holds 200. */
export const CHAT_KEPT = 2000;

/** Lines of captions in sight at once, of one language. */
export const CAPTION_LINES = 2;

/** How long a line of captions stays in sight after it was last said. */
const CAPTION_MS = 12_000;

/**
 * @typedef {object} State
 * @property {Person | null} you
 * @property {readonly string[]} can what this role may do
 * @property {number} epoch of the log; 0 before the first welcome
 * @property {number} seq the position reached in the log
 * @property {Session | null} session
 * @property {readonly Person[]} stage the first is the main picture
 * @property {Readonly<Record<string, number>>} since when people now on stage came on, where it was seen
 * @property {Air} air what goes out, beside who is on stage; its version is what a cut names as `seen`
 * @property {readonly Cue[]} cues of all speakers; empty where this role may not see them
 * @property {readonly string[]} order of speaking, as far as one was set; see `runningOrder`
 * @property {readonly Clock[]} clocks of speakers who were given time; see `timeLeft`
 * @property {readonly Person[]} crew who talks backstage beside the speakers who wait
 * @property {readonly Return[]} matrix what each role is sent back at each cue; empty for the public
 * @property {readonly Preflight[]} preflights the last of each speaker; one's own, and for staff all
 * @property {readonly Question[]} questions oldest first
 * @property {Moderation} moderation whether questions wait for a moderator
 * @property {Readonly<Record<string, number>>} votes how many are for a question, by its id; 0 where it has none
 * @property {readonly ChatMessage[]} chat of all channels, oldest first; a held one only staff and its author have
 * @property {readonly ChatMessage[]} pinned at most one in each channel
 * @property {ChatRules} chatRules
 * @property {number} slowFrom when slow mode was switched on, where this page saw it; what was said before does not count
 * @property {WordList | null} chatWords for staff
 * @property {readonly ChatMute[]} muted of all for staff, else one's own
 * @property {readonly Person[]} barred who was put out and is not let in again; for staff
 * @property {readonly Poll[]} polls oldest first; staff have drafts too
 * @property {Readonly<Record<string, PollTotal>>} results by the poll's id, as far as they may be seen; see `resultOf`
 * @property {{ votes: readonly string[], ballots: readonly YourBallot[] }} yours the questions you are for, your ballots
 * @property {{ count: number, latest: Readonly<Partial<Record<Reaction, number>>> }} reactions the newest tick's, and
 *   how many ticks with reactions there were, so that a page sees each once
 * @property {Readonly<Record<string, readonly Caption[]>>} captions the newest lines by language; see `captionsIn`
 * @property {Announcement | null} announcement what is pinned; see `pinnedFor`
 * @property {Declaration | null} declaration what organisations sign together; see `signsFor`
 * @property {{ online: number, hall: number, people: readonly Person[] | null }} presence
 * @property {{ known: boolean, relay: boolean, publications: readonly Media[], hallTo?: readonly Person[] }} media
 *   `hallTo`: who is sent the hall, as the hall alone is told
 * @property {Timetable | null} timetable when the session is expected, where a programme has it
 * @property {Floor} floor
 * @property {boolean} chatPaused
 */

/** @type {State} */
export const EMPTY = Object.freeze({
  you: null,
  can: [],
  epoch: 0,
  seq: 0,
  session: null,
  stage: [],
  since: {},
  air: { version: 0 },
  cues: [],
  order: [],
  clocks: [],
  crew: [],
  matrix: [],
  preflights: [],
  questions: [],
  moderation: 'pre',
  votes: {},
  polls: [],
  results: {},
  yours: { votes: [], ballots: [] },
  reactions: { count: 0, latest: {} },
  captions: {},
  announcement: null,
  declaration: null,
  chat: [],
  pinned: [],
  chatRules: { hold: false, slow: 0 },
  slowFrom: 0,
  chatWords: null,
  muted: [],
  barred: [],
  presence: { online: 0, hall: 0, people: null },
  media: { known: false, relay: true, publications: [] },
  timetable: null,
  floor: {
    open: false,
    ratio: { hall: 1, online: 1 },
    turns: { hall: 0, online: 0 },
    waiting: { hall: 0, online: 0 },
    line: [],
    next: null,
    called: null,
    speaking: null,
  },
  chatPaused: false,
});

/**
 * Take one message of the server into the state; messages that are not facts leave it as it is.
 *
 * @param {State} state
 * @param {AnyServerMessage} message
 * @returns {State}
 */
export function reduce(state, message) {
  switch (message.type) {
    case 'welcome':
      return welcomed(state, message);
    case 'events':
      return caughtUp(state, message);
    case 'presence':
      return { ...state, presence: { online: message.online, hall: message.hall, people: message.people ?? null } };
    case 'media':
      return { ...state, media: { known: true, relay: message.relay, publications: message.publications, hallTo: message.hall_to ?? [] } };
    case 'tick':
      return counted(state, message);
    case 'timetable':
      return { ...state, timetable: message };
    case 'yours':
      return { ...state, yours: { votes: message.votes, ballots: message.ballots } };
    case 'floor':
      return { ...state, floor: message.floor };
    case 'notice':
      return { ...state, chatPaused: message.code === 'chat_paused' };
    default:
      return state;
  }
}

/**
 * @param {State} state
 * @param {Welcome} welcome
 * @returns {State}
 */
function welcomed(state, welcome) {
  // Sums and your own votes are said anew after every welcome, where there are any.
  const { you, can } = welcome;
  const known = { ...state, you, can, chatPaused: false, votes: {}, results: {}, yours: EMPTY.yours };
  if (!welcome.snapshot) return known;
  const { session, stage, questions, chat, air, cues, order, clocks, crew, matrix, preflights } = welcome.snapshot;
  const { moderation, polls, announcement, declaration = null, floor = EMPTY.floor } = welcome.snapshot;
  const { pinned = [], chat_rules: chatRules = EMPTY.chatRules, chat_words: chatWords = null, muted = [], barred = [] } = welcome.snapshot;
  const since = keep(state.since, (id) => stage.some((person) => person.id === id));
  const { epoch, seq } = welcome;
  const desk = { air, cues, order, clocks, crew, matrix, preflights };
  return { ...known, epoch, seq, session, stage, since, questions, moderation, polls, announcement, declaration, chat, floor, pinned, chatRules, chatWords, muted, barred, ...desk };
}

/**
 * @param {State} state
 * @param {Events} frame
 * @returns {State}
 */
function caughtUp(state, frame) {
  if (frame.epoch !== state.epoch) return state;
  let next = state;
  for (const event of frame.events) {
    if (event.seq > next.seq) next = { ...apply(next, event), seq: event.seq };
  }
  return frame.seq > next.seq ? { ...next, seq: frame.seq } : next;
}

/**
 * @param {State} state
 * @param {Tick} tick
 * @returns {State}
 */
function counted(state, tick) {
  const votes = Object.fromEntries((tick.votes ?? []).map((total) => [total.question, total.votes]));
  const results = Object.fromEntries((tick.polls ?? []).map((total) => [total.poll, total]));
  const { reactions = [] } = tick;
  const latest = Object.fromEntries(reactions.map(({ reaction, count }) => [reaction, count]));
  return {
    ...state,
    votes: { ...state.votes, ...votes },
    results: { ...state.results, ...results },
    reactions: reactions.length ? { count: state.reactions.count + 1, latest } : state.reactions,
    captions: (tick.captions ?? []).reduce(captioned, state.captions),
  };
}

/**
 * Take in a line of captions: one said again stands where it stood.
 *
 * @param {State['captions']} captions
 * @param {Caption} line
 * @returns {State['captions']}
 */
function captioned(captions, line) {
  const same = captions[line.language] ?? [];
  const known = same.some((other) => other.line === line.line);
  const lines = known ? same.map((other) => (other.line === line.line ? line : other)) : [...same, line];
  return { ...captions, [line.language]: lines.slice(-CAPTION_LINES) };
}

/**
 * Return the session after a step of its life.
 *
 * @param {Session} session
 * @param {AnyEvent} event
 * @returns {Session}
 */
function lived(session, event) {
  const { paused, resumes, ended, recording, ...rest } = session;
  switch (event.type) {
    case 'session.doors_opened':
      return { ...rest, status: 'doors' };
    case 'session.started':
      return { ...rest, status: 'live', started: event.at };
    case 'session.paused':
      return { ...rest, status: 'paused', paused: paused ?? event.at, ...(event.until ? { resumes: event.until } : {}) };
    case 'session.resumed':
      return { ...rest, status: 'live' };
    case 'session.ended':
      return { ...rest, status: 'ended', ended: event.at };
    case 'session.reopened':
      return rest.started ? { ...rest, status: 'paused', paused: event.at } : { ...rest, status: 'planned' };
    case 'session.replay_offered':
      return { ...rest, ended, status: 'replay', recording: event.recording };
    case 'session.replay_withdrawn':
      return { ...rest, ended, status: 'ended' };
    case 'session.described':
      return { ...session, title: event.title, programme: event.programme };
    default:
      return session;
  }
}

/**
 * @param {State} state
 * @param {AnyEvent} event
 * @returns {State}
 */
function apply(state, event) {
  switch (event.type) {
    case 'session.created':
      return { ...state, session: event.session };
    case 'session.doors_opened':
    case 'session.started':
    case 'session.paused':
    case 'session.resumed':
    case 'session.ended':
    case 'session.reopened':
    case 'session.replay_offered':
    case 'session.replay_withdrawn':
    case 'session.described':
      return { ...state, session: state.session && lived(state.session, event) };
    case 'chat.posted':
      return { ...state, chat: said(state.chat, event.message) };
    case 'chat.approved':
      return { ...state, chat: said(unsaid(state.chat, event.message.id), event.message) };
    case 'chat.deleted':
      return { ...state, chat: unsaid(state.chat, event.message), pinned: unsaid(state.pinned, event.message) };
    case 'chat.pinned': {
      const others = state.pinned.filter((line) => channelOf(line) !== channelOf(event.message));
      return { ...state, pinned: [...others, event.message] };
    }
    case 'chat.unpinned':
      return { ...state, pinned: unsaid(state.pinned, event.message) };
    case 'chat.rules_set':
      return { ...state, chatRules: event.rules, slowFrom: state.chatRules.slow ? state.slowFrom : event.at };
    case 'chat.words_set':
      return { ...state, chatWords: event.words };
    case 'chat.muted':
      return { ...state, muted: [...unmuted(state.muted, event.mute.person.id), event.mute] };
    case 'chat.unmuted':
      return { ...state, muted: unmuted(state.muted, event.person) };
    case 'person.ejected': {
      const { person, who } = event;
      const others = state.barred.filter(({ id }) => id !== person);
      const one = who ?? { id: person, name: person, role: /** @type {const} */ ('viewer') };
      return { ...state, barred: event.barred ? [...others, one] : others };
    }
    case 'person.readmitted':
      return { ...state, barred: state.barred.filter((person) => person.id !== event.person) };
    case 'question.asked':
    case 'question.approved':
      return { ...state, questions: upsert(state.questions, event.question) };
    case 'question.shown': {
      const { questions, ...rest } = cleared(state);
      return { ...state, ...rest, questions: move(questions, event.question, 'on_screen') };
    }
    case 'question.shortlisted':
    case 'question.hidden':
      return { ...state, questions: move(state.questions, event.question, 'shortlisted') };
    case 'question.answering':
      return { ...state, questions: move(state.questions, event.question, 'answering') };
    case 'question.answered':
      return { ...state, questions: move(state.questions, event.question, 'answered') };
    case 'question.dismissed':
      return { ...state, questions: move(state.questions, event.question, 'dismissed') };
    case 'question.withdrawn':
      return { ...state, questions: move(state.questions, event.question, 'withdrawn') };
    case 'question.merged': {
      const votes = keep(state.votes, (id) => id !== event.question);
      const { into } = event;
      return { ...state, votes, questions: changed(state.questions, event.question, () => ({ state: 'merged', merged_into: into })) };
    }
    case 'question.edited': {
      const { text } = event;
      const staff = state.can.includes('question.edit');
      return { ...state, questions: changed(state.questions, event.question, (q) => reworded(q, text, staff)) };
    }
    case 'question.noted': {
      const { note } = event;
      return { ...state, questions: changed(state.questions, event.question, (q) => ({ notes: [...(q.notes ?? []), note] })) };
    }
    case 'poll.drafted':
    case 'poll.opened':
      return { ...state, polls: upsert(state.polls, event.poll) };
    case 'poll.closed':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ state: 'closed', results: true })) };
    case 'poll.results':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ results: event.shown })) };
    case 'poll.shown': {
      const { polls, ...rest } = cleared(state);
      return { ...state, ...rest, polls: changed(polls, event.poll, () => ({ on_screen: true })) };
    }
    case 'poll.hidden':
      return { ...state, polls: changed(state.polls, event.poll, () => ({ on_screen: false })) };
    case 'poll.deleted': {
      const results = keep(state.results, (id) => id !== event.poll);
      return { ...state, results, polls: state.polls.filter((poll) => poll.id !== event.poll) };
    }
    case 'announcement.pinned':
      return { ...state, announcement: event.announcement };
    case 'announcement.unpinned':
      return { ...state, announcement: null };
    case 'declaration.presented':
      return { ...state, declaration: event.declaration };
    case 'declaration.opened':
      return declared(state, () => ({ open: true }));
    case 'declaration.closed':
      return declared(state, () => ({ open: false }));
    case 'declaration.shown':
      return declared({ ...state, ...cleared(state) }, () => ({ on_screen: true }));
    case 'declaration.hidden':
      return declared(state, () => ({ on_screen: false }));
    case 'declaration.signed': {
      const { signature } = event;
      return declared(state, ({ signatures }) => ({ signatures: [...signatures, signature] }));
    }
    case 'declaration.struck': {
      const { organisation } = event;
      return declared(state, ({ signatures }) => ({ signatures: signatures.filter((one) => one.organisation !== organisation) }));
    }
    case 'questions.moderation':
      return { ...state, moderation: event.mode };
    case 'stage.brought_on': {
      const { person } = event;
      const others = state.stage.filter((p) => p.id !== person.id);
      const since = { ...state.since, [person.id]: state.since[person.id] ?? event.at };
      return { ...state, stage: [person, ...others], since, air: aired(state.air, event) };
    }
    case 'stage.taken_off':
      return {
        ...state,
        stage: state.stage.filter((p) => p.id !== event.person),
        since: keep(state.since, (id) => id !== event.person),
        air: aired(state.air, event),
      };
    case 'stage.muted':
    case 'stage.unmuted':
    case 'stage.slides_switched':
    case 'stage.slate_shown':
    case 'stage.slate_lifted':
      return { ...state, air: aired(state.air, event) };
    case 'cue.changed':
      return { ...state, cues: upsert(state.cues, event.cue) };
    case 'cue.dropped':
      return { ...state, cues: state.cues.filter((cue) => cue.id !== event.cue) };
    case 'cue.ordered':
      return { ...state, order: event.speakers };
    case 'clock.changed':
      return { ...state, clocks: upsertBy('speaker', state.clocks, event.clock) };
    case 'preflight.changed':
      return { ...state, preflights: upsertBy('speaker', state.preflights, event.preflight) };
    case 'backstage.entered':
      return { ...state, crew: upsert(state.crew, event.person) };
    case 'backstage.left':
      return { ...state, crew: state.crew.filter((person) => person.id !== event.person) };
    case 'backstage.return_set': {
      const { role, cue } = event.place;
      const others = state.matrix.filter((place) => place.role !== role || place.cue !== cue);
      return { ...state, matrix: [...others, event.place] };
    }
    default:
      return state;
  }
}

/**
 * Return what goes out after a cut; each is a new version of the stage.
 *
 * @param {Air} air
 * @param {AnyEvent} event
 * @returns {Air}
 */
function aired({ slate, ...rest }, event) {
  const muted = rest.muted ?? [];
  const before = { ...rest, ...(slate === undefined ? {} : { slate }), version: event.seq };
  switch (event.type) {
    case 'stage.muted':
      return { ...before, muted: [...muted, event.person] };
    case 'stage.unmuted':
    case 'stage.taken_off':
      return { ...before, muted: muted.filter((id) => id !== event.person) };
    case 'stage.slides_switched':
      return { ...before, slides: event.shown };
    case 'stage.slate_shown':
      return { ...before, slate: event.text };
    case 'stage.slate_lifted':
      return { ...rest, version: event.seq };
    default:
      return before;
  }
}

/**
 * Add a line; its channel loses the oldest if it has too many.
 *
 * @param {readonly ChatMessage[]} chat
 * @param {ChatMessage} line
 */
function said(chat, line) {
  const same = chat.filter((other) => channelOf(other) === channelOf(line));
  return [...(same.length < CHAT_KEPT ? chat : chat.filter((other) => other !== same[0])), line];
}

/**
 * @param {readonly ChatMessage[]} chat
 * @param {string} id
 */
const unsaid = (chat, id) => chat.filter((line) => line.id !== id);

/**
 * @param {readonly ChatMute[]} mutes
 * @param {string} person
 */
const unmuted = (mutes, person) => mutes.filter((mute) => mute.person.id !== person);

/**
 * @param {ChatMessage} line
 * @returns {Channel}
 */
const channelOf = (line) => line.channel ?? 'public';

/**
 * @template {{ id: string }} T
 * @param {readonly T[]} list
 * @param {string} id
 * @param {(one: T) => Partial<T>} by
 * @returns {readonly T[]}
 */
const changed = (list, id, by) => list.map((one) => (one.id === id ? { ...one, ...by(one) } : one));

/**
 * @param {readonly Question[]} questions
 * @param {string} id
 * @param {Question['state']} to
 */
const move = (questions, id, to) => changed(questions, id, () => ({ state: to }));

/**
 * Change the declaration, if there is one.
 *
 * @param {State} state
 * @param {(one: Declaration) => Partial<Declaration>} by
 * @returns {State}
 */
const declared = (state, by) =>
  state.declaration ? { ...state, declaration: { ...state.declaration, ...by(state.declaration) } } : state;

/**
 * Take off the screen what is on it: a poll, the declaration, or a question, which goes back to the shortlist, or
 * among the answered if it was being answered.
 *
 * @param {State} state
 * @returns {Pick<State, 'questions' | 'polls' | 'declaration'>}
 */
const cleared = ({ questions, polls, declaration }) => ({
  declaration: declaration?.on_screen ? { ...declaration, on_screen: false } : declaration,
  questions: questions.map((q) =>
    isShown(q) ? { ...q, state: q.state === 'answering' ? 'answered' : 'shortlisted' } : q,
  ),
  polls: polls.map((poll) => (poll.on_screen ? { ...poll, on_screen: false } : poll)),
});

/**
 * Give a question other words; staff go on knowing the first ones.
 *
 * @param {Question} question
 * @param {string} text
 * @param {boolean} staff
 * @returns {Partial<Question>}
 */
function reworded(question, text, staff) {
  const first = question.original ?? question.text;
  return { text, original: staff && text !== first ? first : null };
}

/**
 * @template {string} K
 * @template {Record<K, unknown>} T
 * @param {K} key
 * @param {readonly T[]} list
 * @param {T} one
 * @returns {readonly T[]}
 */
const upsertBy = (key, list, one) =>
  list.some((other) => other[key] === one[key])
    ? list.map((other) => (other[key] === one[key] ? one : other))
    : [...list, one];

/**
 * @template {{ id: string }} T
 * @param {readonly T[]} list
 * @param {T} one
 */
const upsert = (list, one) => upsertBy('id', list, one);

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {(key: string) => boolean} wanted
 */
const keep = (record, wanted) => Object.fromEntries(Object.entries(record).filter(([key]) => wanted(key)));

// -- what pages ask of a state ---------------------------------------------------------------------

/** Whether the hall reads this one now; it goes on reading it while it is being answered. @param {Question} question */
export const isShown = (question) => question.state === 'on_screen' || question.state === 'answering';

/**
 * @param {State} state
 * @param {Channel} channel
 */
export const chatIn = (state, channel) => state.chat.filter((line) => channelOf(line) === channel);

/**
 * Return the line that is kept in sight in a channel.
 *
 * @param {State} state
 * @param {Channel} channel
 */
export const pinnedIn = (state, channel) => state.pinned.find((line) => channelOf(line) === channel) ?? null;

/**
 * Return what a line replies to, if this page has it.
 *
 * @param {State} state
 * @param {ChatMessage} line
 */
export const repliedTo = (state, line) => state.chat.find((other) => other.id === line.reply_to) ?? null;

/**
 * Return until when one may not post (ms by the server's clock), 0 if nobody has muted one.
 *
 * @param {State} state
 */
export const mutedUntil = (state) => state.muted.find((mute) => mute.person.id === state.you?.id)?.until ?? 0;

/**
 * Return when slow mode lets one post to everybody again (ms by the server's clock), 0 where it keeps nobody.
 *
 * @param {State} state
 */
export function slowUntil(state) {
  const { slow } = state.chatRules;
  // Staff are exempt; they alone may take others' lines away.
  if (!slow || state.can.includes('chat.delete')) return 0;
  const counts = (/** @type {ChatMessage} */ line) => line.at >= state.slowFrom && channelOf(line) === 'public';
  const own = state.chat.filter((line) => line.author.id === state.you?.id && counts(line));
  return own.length ? Math.max(...own.map((line) => line.at)) + slow * 1000 : 0;
}

/**
 * Say whether one may post in a channel.
 *
 * @param {State} state
 * @param {Channel} channel
 */
export const maySay = (state, channel) =>
  state.can.includes(channel === 'public' ? 'chat.post' : `chat.post:${channel}`);

/**
 * Return somebody's hand, if it is up and among those told.
 *
 * @param {State} state
 * @param {string | undefined} person whose; by default one's own
 * @returns {Hand | null}
 */
export function handOf(state, person = state.you?.id) {
  const { speaking, called, line } = state.floor;
  return [speaking, called, ...line].find((hand) => hand?.person.id === person) ?? null;
}

/**
 * Return one's own place among those who wait: 1 is next; 0 if one does not wait, or far behind.
 *
 * @param {State} state
 */
export const placeInLine = (state) => state.floor.line.findIndex((hand) => hand.person.id === state.you?.id) + 1;

/**
 * Say whether this page may publish its microphone as `floor` now.
 *
 * @param {State} state
 */
export function mayPublishToFloor(state) {
  const hand = handOf(state);
  return !!hand && !!hand.state && hand.state !== 'waiting' && hand.person.place !== 'hall';
}

/**
 * @param {State} state
 * @returns {Question | undefined} the one the hall reads now
 */
export const onScreen = (state) => state.questions.find(isShown);

/** @param {State} state @param {string} question */
export const votesFor = (state, question) => state.votes[question] ?? 0;

/** Whether you are for it. @param {State} state @param {string} question */
export const votedFor = (state, question) => state.yours.votes.includes(question);

/** Whether a vote counts: everybody sees the question, and it is not answered yet. @param {Question} question */
export const isOpen = (question) => ['approved', 'shortlisted', 'on_screen', 'answering'].includes(question.state);

/** The poll on the hall's screen. @param {State} state */
export const pollOnScreen = (state) => state.polls.find((poll) => poll.on_screen);

/** The declaration, while the hall reads it. @param {State} state */
export const declarationOnScreen = ({ declaration }) => (declaration?.on_screen ? declaration : undefined);

/** @param {Declaration} declaration @param {string} organisation */
export const signatureOf = ({ signatures }, organisation) => signatures.find((one) => one.organisation === organisation);

/** Write an organisation as it is compared: case and spaces do not matter. @param {string} name */
const organisationKey = (name) => name.trim().split(/\s+/).join(' ').toUpperCase().toLowerCase();

/**
 * Return the organisation that you may sign for, as the declaration writes it; `undefined`: you were invited for none.
 *
 * @param {State} state
 * @returns {string | undefined}
 */
export function signsFor({ declaration, you, can }) {
  const own = organisationKey(you?.affiliation ?? '');
  if (!declaration || !own || !can.includes('declaration.sign')) return undefined;
  return declaration.organisations.find((one) => organisationKey(one) === own);
}

/**
 * Return the newest note to oneself alone, as long as one has not answered it.
 *
 * @param {State} state
 * @returns {ChatMessage | undefined}
 */
export function noteToYou({ chat, you }) {
  const note = chat.filter((line) => line.to && line.to.id === you?.id).at(-1);
  return chat.some((line) => line.author.id === you?.id && line.reply_to === note?.id) ? undefined : note;
}

/**
 * Say how a poll stands, as far as you may know; nobody has voted until a tick says so.
 *
 * @param {State} state
 * @param {Poll} poll
 * @returns {{ voters: number, counts: readonly number[] | null }} no counts while results are hidden
 */
export function resultOf(state, poll) {
  const { voters, counts } = state.results[poll.id] ?? { voters: 0, counts: poll.options.map(() => 0) };
  return { voters, counts: poll.results || state.can.includes('poll.results') ? counts : null };
}

/** What you have chosen, numbers of options. @param {State} state @param {string} poll */
export const ballotIn = (state, poll) => state.yours.ballots.find((ballot) => ballot.poll === poll)?.choices ?? [];

/**
 * Return the lines of captions in a language that are to be seen at the server's time `at`.
 *
 * @param {State} state
 * @param {string} language
 * @param {number} at
 */
export const captionsIn = (state, language, at) =>
  state.session?.status === 'live' ? (state.captions[language] ?? []).filter((line) => at - line.at < CAPTION_MS) : [];

/**
 * Say what is pinned for those who sit in a place.
 *
 * @param {State} state
 * @param {'online' | 'hall'} place
 */
export const pinnedFor = ({ announcement }, place) =>
  announcement && (announcement.place === null || announcement.place === place) ? announcement : null;

/**
 * Sort questions as the room wants them: most votes first, then oldest first.
 *
 * @param {State} state
 * @param {readonly Question[]} questions
 */
export const byVotes = (state, questions) =>
  [...questions].sort((a, b) => votesFor(state, b.id) - votesFor(state, a.id) || a.at - b.at);

/**
 * @param {State} state
 * @param {Question['state']} is
 */
export const questionsThat = (state, is) => state.questions.filter((q) => q.state === is);

/**
 * Say what somebody publishes now, as the relay sees it.
 *
 * @param {State} state
 * @param {string} participant
 * @param {Media['source']} source
 */
export const publication = (state, participant, source) =>
  state.media.publications.find((p) => p.participant === participant && p.source === source);

/**
 * Say whether a session is over: nothing changes in it any more, though it may be seen again.
 *
 * @param {Session['status'] | undefined} status
 */
export const isOver = (status) => status === 'ended' || status === 'replay';

/**
 * Return the words of the slate that stands in place of the stage, `null` where none does.
 *
 * @param {State} state
 * @returns {string | null}
 */
export const slate = (state) => (state.session?.status === 'live' ? (state.air.slate ?? null) : null);

/**
 * Return who is on stage as the audience has it: nobody before the session is live, in a pause, or
 * behind a slate.
 *
 * @param {State} state
 * @returns {ReadonlyArray<Person>}
 */
export const onAir = (state) => (state.session?.status === 'live' && slate(state) === null ? state.stage : []);

/**
 * Return all cues in the order of speaking: as set, then as billed, then as they were added.
 *
 * @param {State} state
 * @returns {readonly Cue[]}
 */
export function runningOrder(state) {
  const billed = (state.session?.programme?.speakers ?? []).map(({ id }) => id);
  // Who is billed has a cue before the log names them; one that is no longer billed never had another.
  const known = new Map(state.cues.filter((cue) => cue.steps || cue.person).map((cue) => [cue.id, cue]));
  const all = new Set([...billed, ...known.keys()]);
  const ids = new Set([...state.order.filter((id) => all.has(id)), ...all]);
  const at = state.session?.created ?? 0;
  return [...ids].map((id) => known.get(id) ?? { id, state: 'invited', at, by: 'system' });
}

/**
 * Return whose turn it is next: the first who is neither on air nor done.
 *
 * @param {State} state
 */
export const nextSpeaker = (state) =>
  runningOrder(state).find((cue) => cue.state !== 'on_air' && cue.state !== 'cleared');

/**
 * Return somebody's cue, by the speaker's id or the participant's.
 *
 * @param {State} state
 * @param {string} id
 */
export const cueOf = (state, id) =>
  state.cues.find((cue) => cue.person?.id === id) ?? runningOrder(state).find((cue) => cue.id === id);

/**
 * Return the milliseconds that a speaker has left at the server's time `at`; below zero, so much over.
 *
 * @param {Clock} clock
 * @param {number} at
 */
export const timeLeft = ({ allotted, spent = 0, started }, at) =>
  allotted - spent - (started === undefined || started === null ? 0 : Math.max(0, at - started));

/**
 * Return a speaker's clock, by the speaker's id or the participant's.
 *
 * @param {State} state
 * @param {string} id
 */
export const clockOf = (state, id) => state.clocks.find((clock) => clock.speaker === (cueOf(state, id)?.id ?? id));

/**
 * Return a speaker's last pre-flight, by the speaker's id or the participant's; one without a grade runs.
 *
 * @param {State} state
 * @param {string} id
 */
export const preflightOf = (state, id) =>
  state.preflights.find((one) => one.speaker === (cueOf(state, id)?.id ?? id)) ??
  state.preflights.find((one) => one.speaker === id);

/**
 * Return what this page's person is sent back now, by role and cue.
 *
 * @param {State} state
 * @returns {ReturnFeed}
 */
export function returnFeed(state) {
  const { you } = state;
  const cue = you ? state.cues.find((one) => one.person?.id === you.id) : undefined;
  return state.matrix.find((place) => place.role === you?.role && place.cue === (cue?.state ?? 'none'))?.feed ?? 'off';
}

/**
 * Return who is heard backstage: speakers who wait there, then the crew, and nobody on stage.
 *
 * @param {State} state
 * @returns {readonly Person[]}
 */
export function backstage(state) {
  const waiting = state.cues.filter((cue) => cue.state === 'backstage' || cue.state === 'standby');
  const people = [...waiting.flatMap((cue) => (cue.person ? [cue.person] : [])), ...state.crew];
  const onStage = new Set(state.stage.map((person) => person.id));
  return people.filter((one, i) => !onStage.has(one.id) && people.findIndex((p) => p.id === one.id) === i);
}

/**
 * Say whether somebody on stage is gone: nothing of them arrives any more. They stay on stage, and are
 * seen again as soon as they are back. `null` while nobody can tell.
 *
 * @param {State} state
 * @param {string} participant
 * @returns {boolean | null}
 */
export function gone(state, participant) {
  if (!state.media.known || !state.media.relay) return null;
  return !state.media.publications.some((p) => p.participant === participant && p.live);
}

/**
 * Say whether anybody on stage sends a picture of this kind: `null` while nobody can tell.
 *
 * @param {State} state
 * @param {'camera' | 'slides'} source
 * @returns {boolean | null}
 */
export function pictureOnStage(state, source) {
  if (!state.media.known || !state.media.relay) return null;
  return onAir(state).some((person) => {
    if (source === 'slides' && state.air.slides === false) return false;
    const found = publication(state, person.id, source);
    return !!found && found.live && found.video;
  });
}

/**
 * Say whether media should be arriving: `null` while nobody can tell.
 *
 * @param {State} state
 * @returns {boolean | null}
 */
export function mediaOnStage(state) {
  if (!state.media.known || !state.media.relay) return null;
  return onAir(state).some((person) => state.media.publications.some((p) => p.participant === person.id && p.live));
}
