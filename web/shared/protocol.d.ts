// Written by `python -m signaling.schema` from signaling/protocol/: change it there.

export type Role = "viewer" | "hall" | "speaker" | "interpreter" | "moderator" | "chair" | "producer" | "owner";

export type Place = "online" | "hall";

export type Channel = "public" | "backstage" | "hall" | "moderators";

export type Status = "planned" | "doors" | "live" | "paused" | "ended" | "replay";

export type QuestionState = "pending" | "approved" | "shortlisted" | "on_screen" | "answering" | "answered" | "dismissed" | "withdrawn" | "merged";

export type Moderation = "pre" | "post";

export type HandState = "waiting" | "called" | "speaking";

export type WhyNext = "first" | "only" | "ratio" | "fewer_turns" | "earliest" | "picked";

export type PollKind = "single" | "multiple" | "rating";

export type PollState = "draft" | "open" | "closed";

export type Reaction = "clap" | "heart" | "laugh" | "wow" | "thanks";

export type Kind = "talk" | "forum" | "ceremony" | "symposium";

export type Visibility = "public" | "invitation";

export type CueState = "invited" | "checked" | "backstage" | "standby" | "on_air" | "cleared";

export type ReturnCue = "invited" | "checked" | "backstage" | "standby" | "on_air" | "cleared" | "none";

export type ReturnFeed = "programme" | "hall" | "backstage" | "off";

export type Grade = "green" | "amber" | "red";

/** Who somebody is, as others may see it. `billed`: whom of the programme their invitation names. */
export interface Person {
  id: string;
  name: string;
  role: Role;
  affiliation?: string;
  title?: string;
  place?: Place;
  billed?: string;
}

/** What is pinned now. `place`: only for those who sit there; none: for everybody. */
export interface Announcement {
  id: string;
  text: string;
  place: Place | null;
  author: Person;
  at: number;
}

/** One place of the matrix: what a person of this role at this cue is sent back. */
export interface Return {
  role: Role;
  cue: ReturnCue;
  feed: ReturnFeed;
}

/** One line of captions in one language. The same `line` again is the same line, grown or corrected. */
export interface Caption {
  language: string;
  line: string;
  text: string;
  at: number;
}

/**
 * One line of chat. `id` is the server's; without `channel` it is public.
 *
 * One that is `held` only staff and its author see; one `to` somebody, they two and staff.
 */
export interface ChatMessage {
  id: string;
  author: Person;
  text: string;
  at: number;
  channel?: Channel;
  reply_to?: string | null;
  held?: "approval" | "words" | null;
  to?: Person | null;
}

/**
 * How the public channel is kept: `hold`, whether messages wait for approval; `slow`, seconds.
 *
 * Staff are exempt from both.
 */
export interface ChatRules {
  hold: boolean;
  slow: number;
}

/** Words that hold a public message back, or have it refused. Only staff know them. */
export interface WordList {
  hold: ReadonlyArray<string>;
  refuse: ReadonlyArray<string>;
}

/** Somebody who may not post until then, and why. Staff and they themselves know. */
export interface ChatMute {
  person: Person;
  until: number;
  reason: string;
}

/**
 * One speaker's time, all in ms. `started`: since when it runs, by the server's clock; else it stands.
 *
 * What is left at `t` is `allotted - spent`, and while it runs `- (t - started)`; below zero is over-time.
 * `bell`: when it was last rung. `held`: it stands because the session is paused, and goes on with it.
 */
export interface Clock {
  speaker: string;
  allotted: number;
  spent?: number;
  started?: number | null;
  bell?: number | null;
  held?: boolean;
}

/** One step of a speaker: to where, when, and by whom. */
export interface CueStep {
  state: CueState;
  at: number;
  by: string;
}

/**
 * One speaker's way. `id` is the programme's for who is billed, else the participant's own.
 *
 * `person`: who it is that speaks, once known. `acknowledged`: when they said they are ready, while on
 * standby. `steps`: the newest 20, the present one last.
 */
export interface Cue {
  id: string;
  state: CueState;
  at: number;
  by: string;
  person?: Person | null;
  acknowledged?: number | null;
  steps?: ReadonlyArray<CueStep>;
}

/** One organisation's, by who signed for it. */
export interface Signature {
  organisation: string;
  person: Person;
  at: number;
}

/**
 * What is signed: `organisations` in their order, `signatures` as given, `open` while more may come.
 *
 * `on_screen`: whether the hall reads it now.
 */
export interface Declaration {
  id: string;
  title: string;
  text: string;
  organisations: ReadonlyArray<string>;
  signatures: ReadonlyArray<Signature>;
  open: boolean;
  at: number;
  on_screen: boolean;
}

/** One person's wish to speak. `id` is the server's; which room it counts for is the person's `place`. */
export interface Hand {
  id: string;
  person: Person;
  at: number;
  since: number;
  topic?: string;
  state?: HandState;
  first?: boolean;
  counted?: boolean;
}

/** A number for each room: a ratio, turns had, people who wait. */
export interface Rooms {
  hall: number;
  online: number;
}

/**
 * All that the floor's order follows from. `hands` in order of raising; `spoken`: person → turns had.
 *
 * `turns` are those had since the ratio was set, while both rooms waited.
 */
export interface FloorQueue {
  open: boolean;
  ratio: Rooms;
  turns: Rooms;
  hands: ReadonlyArray<Hand>;
  spoken: Readonly<Record<string, number>>;
}

/** A reason in a stable code, and the numbers that a sentence about it needs. */
export interface Why {
  code: WhyNext;
  values: Readonly<Record<string, number>>;
}

/** Who is next, and why. */
export interface Next {
  hand: string;
  why: Why;
}

/** The floor as everybody may see it. `line` is in fair order, at most 50; `waiting` counts all. */
export interface Floor {
  open: boolean;
  ratio: Rooms;
  turns: Rooms;
  waiting: Rooms;
  line: ReadonlyArray<Hand>;
  next: Next | null;
  called: Hand | null;
  speaking: Hand | null;
}

/** Somebody whom the programme names. `id` is the programme's, not a participant's. */
export interface Billed {
  id: string;
  name: string;
  affiliation?: string;
  title?: string;
}

/**
 * What the programme says of a session. `zone` is an IANA name, `languages` are BCP 47 tags.
 *
 * What is `withdrawn` from the programme is not begun, unless the programme takes it back.
 */
export interface Billing {
  event: string;
  start: number;
  end: number;
  zone: string;
  kind?: Kind;
  room?: string;
  languages?: ReadonlyArray<string>;
  chairs?: ReadonlyArray<Billed>;
  speakers?: ReadonlyArray<Billed>;
  visibility?: Visibility;
  withdrawn?: boolean;
}

/**
 * One live session: a talk, forum, ceremony or symposium.
 *
 * `paused` says since when, while it is, and `resumes` when it is meant to go on, if somebody has said.
 * `recording` is where it can be seen again, in `replay`.
 */
export interface Session {
  id: string;
  title: string;
  status: Status;
  created: number;
  started?: number | null;
  ended?: number | null;
  paused?: number | null;
  resumes?: number | null;
  programme?: Billing | null;
  recording?: string | null;
}

/**
 * One poll and where it stands. A rating's options are its steps, the lowest first.
 *
 * `hidden`: the audience sees no results while it is open. `results`: whether it sees them now.
 */
export interface Poll {
  id: string;
  text: string;
  kind: PollKind;
  options: ReadonlyArray<string>;
  state: PollState;
  hidden: boolean;
  results: boolean;
  on_screen: boolean;
  at: number;
}

/** One pre-flight of a speaker (a cue's id). Without a grade it is running, until `until`. */
export interface Preflight {
  speaker: string;
  started: number;
  until: number;
  grade?: Grade | null;
  findings?: ReadonlyArray<Finding>;
  measured?: Measured | null;
}

/**
 * One question and where it stands.
 *
 * `source` is where it was asked. Of an anonymous one, others than staff and its author get an `author`
 * without id and name. `original` is what was asked, if a moderator has changed it; it and the `notes`
 * are for staff alone. `merged_into` names the question that one is asked with now; `was` is the state
 * before it was merged.
 */
export interface Question {
  id: string;
  author: Person;
  text: string;
  at: number;
  state: QuestionState;
  source?: Place;
  to?: Addressee | null;
  anonymous?: boolean;
  original?: string | null;
  notes?: ReadonlyArray<Note>;
  merged_into?: string | null;
  was?: QuestionState | null;
}

/** How often a reaction was given since the tick before. */
export interface ReactionTotal {
  reaction: Reaction;
  count: number;
}

/**
 * What goes out, beside who is on stage. `version`: the `seq` of the last cut.
 *
 * `slate`: the words shown in place of the stage, while they are. `muted`: who on stage is not heard.
 */
export interface Air {
  version?: number;
  slides?: boolean;
  slate?: string | null;
  muted?: ReadonlyArray<string>;
}

/** The stage as it is, told to whom a cut was refused because somebody else was quicker. */
export interface StageNow {
  people: ReadonlyArray<Person>;
  air: Air;
}

/** Where a client was: the last `{epoch, seq}` a welcome or an events frame told it. */
export interface Resume {
  epoch: number;
  seq: number;
}

/**
 * A session as one audience may see it. `stage`: last brought on comes first, it is the main picture.
 *
 * `chat` holds the newest 200 messages of each channel that the reader may read, in the order they were
 * said, and `pinned` at most one of each; `chat_words`, `muted` and `barred` (who was put out and not let in
 * again) are for staff, and who is muted finds their own. `questions` all that are visible, oldest first.
 * `cues`: all speakers, in the order of speaking, and `order` what was set of it; `crew`: who talks
 * backstage beside them; `matrix`: what each role is sent back at each cue; none of it for the public.
 * `preflights` are the last of each speaker, for staff and the speaker.
 */
export interface Snapshot {
  session: Session;
  stage: ReadonlyArray<Person>;
  questions: ReadonlyArray<Question>;
  chat: ReadonlyArray<ChatMessage>;
  floor: Floor;
  pinned: ReadonlyArray<ChatMessage>;
  chat_rules: ChatRules;
  chat_words: WordList | null;
  muted: ReadonlyArray<ChatMute>;
  barred: ReadonlyArray<Person>;
  air: Air;
  cues: ReadonlyArray<Cue>;
  order: ReadonlyArray<string>;
  clocks: ReadonlyArray<Clock>;
  crew: ReadonlyArray<Person>;
  matrix: ReadonlyArray<Return>;
  preflights: ReadonlyArray<Preflight>;
  moderation: Moderation;
  polls: ReadonlyArray<Poll>;
  announcement: Announcement | null;
  declaration: Declaration | null;
}

/** One publication as the relay sees it now: what it has, and whether anything, and a picture, comes. */
export interface Media {
  participant: string;
  source: "camera" | "slides" | "hall" | "floor";
  audio: boolean;
  video: boolean;
  live: boolean;
  picture: boolean;
}

/** How many of the people here are `of` a role, or of a language. */
export interface Share {
  of: string;
  online: number;
  hall: number;
}

/** How many are for a question. */
export interface VoteTotal {
  question: string;
  votes: number;
}

/** How many have voted in a poll, and for each option; none where the results are hidden. */
export interface PollTotal {
  poll: string;
  voters: number;
  counts: ReadonlyArray<number> | null;
}

/** What you have chosen in a poll. */
export interface YourBallot {
  poll: string;
  choices: ReadonlyArray<number>;
}

/** What one voter last said. `voter` is a digest of who and of the poll: the log names nobody. */
export interface Ballot {
  poll: string;
  voter: string;
  choices: ReadonlyArray<number>;
}

/**
 * What arrived at the relay; null where it could not be measured.
 *
 * `uplink` in bit/s; `loss` a share, 0 to 1; `round_trip` and `jitter` in ms; `level` of the loudest
 * moment in dB below full scale (0 loudest, 127 silence: RFC 6464); `video` whether a picture arrived at the
 * end; its size in pixels.
 */
export interface Measured {
  uplink: number | null;
  loss: number | null;
  round_trip: number | null;
  jitter: number | null;
  level: number | null;
  video: boolean;
  width: number | null;
  height: number | null;
}

/** Why it is not green: a stable code, how bad it is, and a sentence. */
export interface Finding {
  code: string;
  grade: Grade;
  text: string;
}

/** The speaker a question is for: somebody on stage, who has been on it, or whom the programme names. */
export interface Addressee {
  id: string;
  name: string;
}

/** What one of the staff has written beside a question; nobody else sees it. */
export interface Note {
  author: Person;
  text: string;
  at: number;
}

/** What one participant last said of a question: for it, or no longer. */
export interface Vote {
  question: string;
  participant: string;
  up: boolean;
}

/**
 * The first frame, within 5 s. `place` is where the body sits, not where the page came from.
 *
 * `language` (BCP 47) is what the page speaks.
 */
export interface Hello {
  type: "hello";
  token: string;
  protocol?: number;
  place?: Place | null;
  resume?: Resume | null;
  language?: string;
}

/** Asks for the server's time; answered by `pong` with the same `sent` (the client's clock, ms). */
export interface Ping {
  type: "ping";
  sent: number;
}

/** Asks for a fresh token with the same rights; answered by `token`. */
export interface RefreshToken {
  type: "token.refresh";
}

/**
 * Say something, to everybody or in a channel of one's own role; or reply to what was said there.
 *
 * With `to`, staff note something down for one of those backstage, and no other of them reads it; a reply to
 * such a note goes back to who wrote it.
 */
export interface PostChat {
  type: "chat.post";
  id: string;
  text: string;
  channel?: Channel;
  reply_to?: string | null;
  to?: string | null;
}

/** Take back what one has said oneself. */
export interface WithdrawChat {
  type: "chat.withdraw";
  id: string;
  message: string;
}

/** Take a message away, or refuse one that was held back; staff and its author see why (moderators). */
export interface DeleteChat {
  type: "chat.delete";
  id: string;
  message: string;
  reason?: string;
}

/** Let everybody see a message that was held back (moderators). */
export interface ApproveChat {
  type: "chat.approve";
  id: string;
  message: string;
}

/** Keep a message in sight, in place of any other of its channel (moderators). */
export interface PinChat {
  type: "chat.pin";
  id: string;
  message: string;
}

/** Keep a message in sight no longer (moderators). */
export interface UnpinChat {
  type: "chat.unpin";
  id: string;
  message: string;
}

/** Say how the public channel is kept (moderators). */
export interface SetChatRules {
  type: "chat.rules";
  id: string;
  hold?: boolean;
  slow?: number;
}

/**
 * Replace the lists of words that hold a public message back, or have it refused (moderators). A question
 * with a word of either waits for a moderator.
 */
export interface SetWords {
  type: "chat.words";
  id: string;
  hold?: ReadonlyArray<string>;
  refuse?: ReadonlyArray<string>;
}

/** Let somebody post nothing for so many seconds (moderators). */
export interface MuteChat {
  type: "chat.mute";
  id: string;
  participant: string;
  seconds: number;
  reason?: string;
}

/** Let somebody post again (moderators). */
export interface UnmuteChat {
  type: "chat.unmute";
  id: string;
  participant: string;
}

/** Let people raise their hands (moderators). */
export interface OpenFloor {
  type: "floor.open";
  id: string;
}

/** Take no more hands; those that are up stay (moderators). */
export interface CloseFloor {
  type: "floor.close";
  id: string;
}

/** Say how many of the hall speak for how many online, while both wait (moderators). Not 0 : 0. */
export interface SetRatio {
  type: "floor.ratio";
  id: string;
  hall: number;
  online: number;
}

/** Ask to speak. */
export interface RaiseHand {
  type: "floor.raise";
  id: string;
  topic?: string;
}

/** Take one's own hand down; who is speaking has done. */
export interface LowerHand {
  type: "floor.lower";
  id: string;
}

/** Put somebody at the hall's microphone into the queue, by name (hall, moderators). */
export interface AddHand {
  type: "floor.add";
  id: string;
  name: string;
  affiliation?: string;
  title?: string;
  topic?: string;
}

/** Take somebody's hand down (moderators; hall: of those in the hall). */
export interface RemoveHand {
  type: "floor.remove";
  id: string;
  hand: string;
}

/** Call the next in turn, or this one: their microphone may be made ready (moderators). */
export interface CallHand {
  type: "floor.call";
  id: string;
  hand?: string | null;
}

/**
 * Put the microphone of who is called on air; who spoke has done (moderators). Not where they have no
 * connection.
 */
export interface LetSpeak {
  type: "floor.speak";
  id: string;
  hand: string;
}

/** Take the microphone of who speaks off the air (moderators). */
export interface EndTurn {
  type: "floor.done";
  id: string;
  hand: string;
}

/** Pass somebody over who is not ready: they wait on, behind who waits now (moderators). */
export interface SkipHand {
  type: "floor.skip";
  id: string;
  hand: string;
}

/** Let somebody go before all who wait, behind others who were let (moderators). */
export interface PutFirst {
  type: "floor.first";
  id: string;
  hand: string;
}

/** Put a question to the moderators. Only staff may say `source`: they pass on what the hall asks. */
export interface AskQuestion {
  type: "question.ask";
  id: string;
  text: string;
  to?: string | null;
  anonymous?: boolean;
  source?: Place | null;
}

/**
 * Let everybody see a question; also back from the shortlist, from the dismissed, or from the one it was
 * merged into, with its own votes (moderators).
 */
export interface ApproveQuestion {
  type: "question.approve";
  id: string;
  question: string;
}

/** Choose an approved question as one of the next; also one answered by mistake (moderators). */
export interface ShortlistQuestion {
  type: "question.shortlist";
  id: string;
  question: string;
}

/** Put a question on the hall's screen, in the place of what is there (moderators). */
export interface ShowQuestion {
  type: "question.show";
  id: string;
  question: string;
}

/** Take the question off the screen, back to the shortlist (moderators). */
export interface HideQuestion {
  type: "question.hide";
  id: string;
  question: string;
}

/** Say that the question on screen is being answered; it stays on screen (moderators). */
export interface BeginAnswer {
  type: "question.answering";
  id: string;
  question: string;
}

/** Mark a question as answered; it leaves the screen (moderators). */
export interface AnswerQuestion {
  type: "question.answered";
  id: string;
  question: string;
}

/**
 * Put a question aside, with what is merged into it; if nobody else had seen it, only its author is told
 * (moderators).
 */
export interface DismissQuestion {
  type: "question.dismiss";
  id: string;
  question: string;
}

/** Take back one's own question, before it is being answered; what was merged into it is asked again. */
export interface WithdrawQuestion {
  type: "question.withdraw";
  id: string;
  question: string;
}

/** Say that a question is another one's double: its votes count there, each voter's once (moderators). */
export interface MergeQuestion {
  type: "question.merge";
  id: string;
  question: string;
  into: string;
}

/** Change a question's words; staff go on seeing what was asked (moderators). */
export interface EditQuestion {
  type: "question.edit";
  id: string;
  question: string;
  text: string;
}

/** Write something beside a question, for staff alone (moderators). */
export interface NoteQuestion {
  type: "question.note";
  id: string;
  question: string;
  text: string;
}

/** Be for a question, or (`up` false) no longer; one vote each. */
export interface VoteQuestion {
  type: "question.vote";
  id: string;
  question: string;
  up?: boolean;
}

/** Say whether questions wait for a moderator, from now on (moderators). */
export interface SetModeration {
  type: "questions.moderation";
  id: string;
  mode: Moderation;
}

/** Put a person on stage, as the main picture (producers, chairs). */
export interface BringOn {
  type: "stage.bring_on";
  id: string;
  participant: string;
  seen?: number | null;
}

/** Take a person off stage (producers, chairs). */
export interface TakeOff {
  type: "stage.take_off";
  id: string;
  participant: string;
  seen?: number | null;
}

/**
 * Take the main picture off and bring the next speaker on, in one cut (producers, chairs).
 *
 * `to` is another speaker than the next in the order.
 */
export interface HandOver {
  type: "stage.hand_over";
  id: string;
  to?: string | null;
  seen?: number | null;
}

/** Let somebody on stage not be heard (producers, chairs). */
export interface Mute {
  type: "stage.mute";
  id: string;
  participant: string;
  seen?: number | null;
}

/** Let somebody on stage be heard again (producers, chairs). */
export interface Unmute {
  type: "stage.unmute";
  id: string;
  participant: string;
  seen?: number | null;
}

/** Show the slides of those on stage (producers, chairs). */
export interface ShowSlides {
  type: "stage.show_slides";
  id: string;
  seen?: number | null;
}

/** Show no slides (producers, chairs). */
export interface HideSlides {
  type: "stage.hide_slides";
  id: string;
  seen?: number | null;
}

/** Show the audience a slate in place of the stage, without sound (producers, chairs). */
export interface ShowSlate {
  type: "stage.slate";
  id: string;
  text?: string;
  seen?: number | null;
}

/** Show the stage again (producers, chairs). */
export interface LiftSlate {
  type: "stage.lift_slate";
  id: string;
  seen?: number | null;
}

/** Put somebody who is not billed on the list, or back on it (producers, chairs). */
export interface InviteSpeaker {
  type: "cue.invite";
  id: string;
  participant: string;
}

/** Say which participant a billed speaker is (producers, chairs). */
export interface BindSpeaker {
  type: "cue.bind";
  id: string;
  speaker: string;
  participant: string;
}

/** Say that picture and sound are well (producers, chairs); a good pre-flight says so by itself. */
export interface CheckSpeaker {
  type: "cue.check";
  id: string;
  speaker: string;
}

/** Be backstage oneself (speakers, chairs). */
export interface ArriveBackstage {
  type: "cue.arrive";
  id: string;
}

/** Take a speaker backstage, from wherever they are but the stage (producers, chairs). */
export interface SendBackstage {
  type: "cue.backstage";
  id: string;
  speaker: string;
}

/** Tell a speaker that they are about to go on (producers, chairs). */
export interface StandBy {
  type: "cue.standby";
  id: string;
  speaker: string;
}

/** Say that one is ready to go on (the speaker, on standby). */
export interface AcknowledgeStandby {
  type: "cue.acknowledge";
  id: string;
}

/** Say that a speaker is done, or does not come, without their being on stage (producers, chairs). */
export interface ClearSpeaker {
  type: "cue.clear";
  id: string;
  speaker: string;
}

/** Set who speaks after whom; those left out follow, as the programme has them (producers, chairs). */
export interface OrderSpeakers {
  type: "cue.order";
  id: string;
  speakers: ReadonlyArray<string>;
}

/** Talk with those backstage (interpreters, moderators, chairs, producers); speakers do by their cue. */
export interface EnterBackstage {
  type: "backstage.enter";
  id: string;
}

/** Talk with those backstage no more. */
export interface LeaveBackstage {
  type: "backstage.leave";
  id: string;
}

/** Change what a role is sent back at a cue (producers). */
export interface SetReturn {
  type: "backstage.set_return";
  id: string;
  place: Return;
}

/** Give a speaker so much time, all of it left; a clock that runs goes on running (producers, chairs). */
export interface SetClock {
  type: "clock.set";
  id: string;
  speaker: string;
  allotted: number;
}

/** Let a speaker's clock run (producers, chairs). */
export interface StartClock {
  type: "clock.start";
  id: string;
  speaker: string;
}

/** Let a speaker's clock stand; started again, it goes on from there (producers, chairs). */
export interface PauseClock {
  type: "clock.pause";
  id: string;
  speaker: string;
}

/** Give a speaker more time, or less (producers, chairs). */
export interface AddTime {
  type: "clock.add";
  id: string;
  speaker: string;
  added: number;
}

/** Ring the chair's bell for a speaker (producers, chairs). */
export interface RingBell {
  type: "clock.bell";
  id: string;
  speaker: string;
}

/** Measure what a speaker sends, from now on (the speaker; producers and chairs for any). */
export interface StartPreflight {
  type: "preflight.start";
  id: string;
  seconds?: number;
  speaker?: string | null;
}

/** Draft a poll, which staff alone see. A rating without options has the steps 1 to 5 (moderators). */
export interface CreatePoll {
  type: "poll.create";
  id: string;
  text: string;
  kind: PollKind;
  options?: ReadonlyArray<string>;
  hidden?: boolean;
}

/** Draft a poll anew, before it was ever open (moderators). */
export interface EditPoll {
  type: "poll.edit";
  id: string;
  poll: string;
  text: string;
  kind: PollKind;
  options?: ReadonlyArray<string>;
  hidden?: boolean;
}

/** Let everybody vote; also once more, after it was closed (moderators). */
export interface OpenPoll {
  type: "poll.open";
  id: string;
  poll: string;
}

/** End the voting; results that were hidden till then are seen (moderators). */
export interface ClosePoll {
  type: "poll.close";
  id: string;
  poll: string;
}

/** Show a closed poll's results to the audience, or (`shown` false) hide them (moderators). */
export interface ShowResults {
  type: "poll.results";
  id: string;
  poll: string;
  shown?: boolean;
}

/** Put an open or closed poll on the hall's screen, in the place of what is there (moderators). */
export interface ShowPoll {
  type: "poll.show";
  id: string;
  poll: string;
}

/** Take a poll off the screen (moderators). */
export interface HidePoll {
  type: "poll.hide";
  id: string;
  poll: string;
}

/** Take a poll that is not open away, with its ballots (moderators). */
export interface DeletePoll {
  type: "poll.delete";
  id: string;
  poll: string;
}

/** Vote, or vote otherwise, while the poll is open; without choices, no longer. */
export interface CastBallot {
  type: "poll.vote";
  id: string;
  poll: string;
  choices: ReadonlyArray<number>;
}

/** Applaud, or the like; acknowledged when it has been passed on, and kept nowhere. */
export interface React {
  type: "reaction.send";
  id: string;
  reaction: Reaction;
}

/** Say what is being said, or say a line again as it has grown (interpreters, producers). */
export interface SendCaption {
  type: "caption.send";
  id: string;
  language: string;
  line: string;
  text: string;
}

/** Pin a text on all screens, in the place of the one there (moderators). */
export interface PinAnnouncement {
  type: "announcement.pin";
  id: string;
  text: string;
  place?: Place | null;
}

/** Take down what is pinned (moderators). */
export interface UnpinAnnouncement {
  type: "announcement.unpin";
  id: string;
}

/**
 * Put a text before these organisations to be signed, in place of one nobody has signed (moderators).
 *
 * Not `open`, it is read first, and signed from `declaration.open` on.
 */
export interface PresentDeclaration {
  type: "declaration.present";
  id: string;
  title: string;
  text: string;
  organisations: ReadonlyArray<string>;
  open?: boolean;
}

/** Take signatures from now on (moderators). */
export interface OpenDeclaration {
  type: "declaration.open";
  id: string;
}

/** Sign for the organisation that one's own invitation names as affiliation. */
export interface SignDeclaration {
  type: "declaration.sign";
  id: string;
}

/** Take out an organisation's signature, given by mistake (moderators). */
export interface StrikeSignature {
  type: "declaration.strike";
  id: string;
  organisation: string;
  reason?: string;
}

/** Take no more signatures (moderators). */
export interface CloseDeclaration {
  type: "declaration.close";
  id: string;
}

/** Put it on the hall's screen, with who has signed; what was there leaves (moderators). */
export interface ShowDeclaration {
  type: "declaration.show";
  id: string;
}

/** Take it off the hall's screen (moderators). */
export interface HideDeclaration {
  type: "declaration.hide";
  id: string;
}

/** Say that it is about to begin: people take their seats (producers, chairs). */
export interface OpenDoors {
  type: "session.doors";
  id: string;
}

/** Open the session to its audience (producers). */
export interface StartSession {
  type: "session.start";
  id: string;
}

/**
 * Break: the audience has no picture, chat and questions stay open (producers, chairs).
 *
 * `until`: when it is meant to go on (ms since 1970), counted down to on the pages; a break that is on
 * already can be given another.
 */
export interface PauseSession {
  type: "session.pause";
  id: string;
  until?: number | null;
}

/** Go on after a pause (producers, chairs). */
export interface ResumeSession {
  type: "session.resume";
  id: string;
}

/** End the session: all that is open in it is closed, and nothing changes in it any more (producers). */
export interface EndSession {
  type: "session.end";
  id: string;
}

/**
 * Take back an end: the session is paused, or planned if it had never begun (producers). What the end has
 * closed stays so until it is opened again.
 */
export interface ReopenSession {
  type: "session.reopen";
  id: string;
}

/** Say where an ended session can be seen again, or that it is elsewhere now (producers). */
export interface OfferReplay {
  type: "session.replay";
  id: string;
  recording: string;
}

/** Offer the recording no more: the session is ended, as before (producers). */
export interface WithdrawReplay {
  type: "session.withdraw_replay";
  id: string;
}

/** Say anew what the session is called, and what the programme says of it (producers). */
export interface DescribeSession {
  type: "session.describe";
  id: string;
  title: string;
  programme?: Billing | null;
}

/**
 * Put a person out at once, socket and media; with `bar`, until they are let in again (moderators).
 *
 * Without `bar`, only the tokens they have now end: who has an invitation comes in by it again.
 */
export interface EjectPerson {
  type: "person.eject";
  id: string;
  participant: string;
  bar?: boolean;
  reason?: string;
}

/** Let a person in again (moderators). */
export interface ReadmitPerson {
  type: "person.readmit";
  id: string;
  participant: string;
}

/** Put out of this session all who came by an invitation, and let nobody in by it (producers). */
export interface BarInvitation {
  type: "invitation.bar";
  id: string;
  invitation: string;
}

export interface SessionCreated {
  type: "session.created";
  session: Session;
  seq: number;
  at: number;
  by: string;
}

export interface DoorsOpened {
  type: "session.doors_opened";
  seq: number;
  at: number;
  by: string;
}

export interface SessionStarted {
  type: "session.started";
  seq: number;
  at: number;
  by: string;
}

/** Paused, or paused until another moment than was said before. */
export interface SessionPaused {
  type: "session.paused";
  until: number | null;
  seq: number;
  at: number;
  by: string;
}

export interface SessionResumed {
  type: "session.resumed";
  seq: number;
  at: number;
  by: string;
}

export interface SessionEnded {
  type: "session.ended";
  seq: number;
  at: number;
  by: string;
}

/** Ended by mistake: paused if it had begun, else planned. */
export interface SessionReopened {
  type: "session.reopened";
  seq: number;
  at: number;
  by: string;
}

export interface ReplayOffered {
  type: "session.replay_offered";
  recording: string;
  seq: number;
  at: number;
  by: string;
}

export interface ReplayWithdrawn {
  type: "session.replay_withdrawn";
  seq: number;
  at: number;
  by: string;
}

/** Another title, or other words of the programme. */
export interface SessionDescribed {
  type: "session.described";
  title: string;
  programme: Billing | null;
  seq: number;
  at: number;
  by: string;
}

/** Seen by the channel's readers; if it is held back, by staff and its author. */
export interface ChatPosted {
  type: "chat.posted";
  message: ChatMessage;
  seq: number;
  at: number;
  by: string;
}

/** Carries the message whole: most meet it here for the first time. It is the newest now. */
export interface ChatApproved {
  type: "chat.approved";
  message: ChatMessage;
  seq: number;
  at: number;
  by: string;
}

/** Gone, by its author or by staff. `reason` is for staff and its author; others get it empty. */
export interface ChatDeleted {
  type: "chat.deleted";
  message: string;
  author: string;
  reason: string;
  seq: number;
  at: number;
  by: string;
}

/** Carries the message whole: it may be older than what a reader has. */
export interface ChatPinned {
  type: "chat.pinned";
  message: ChatMessage;
  seq: number;
  at: number;
  by: string;
}

export interface ChatUnpinned {
  type: "chat.unpinned";
  message: string;
  seq: number;
  at: number;
  by: string;
}

export interface ChatRulesSet {
  type: "chat.rules_set";
  rules: ChatRules;
  seq: number;
  at: number;
  by: string;
}

/** Seen by staff. */
export interface WordsSet {
  type: "chat.words_set";
  words: WordList;
  seq: number;
  at: number;
  by: string;
}

/** Seen by staff and by who is muted. */
export interface ChatMuted {
  type: "chat.muted";
  mute: ChatMute;
  seq: number;
  at: number;
  by: string;
}

/** Seen by staff and by who was muted. */
export interface ChatUnmuted {
  type: "chat.unmuted";
  person: string;
  seq: number;
  at: number;
  by: string;
}

export interface FloorOpened {
  type: "floor.opened";
  seq: number;
  at: number;
  by: string;
}

export interface FloorClosed {
  type: "floor.closed";
  seq: number;
  at: number;
  by: string;
}

/** Turns are counted anew. */
export interface RatioSet {
  type: "floor.ratio_set";
  ratio: Rooms;
  seq: number;
  at: number;
  by: string;
}

/** Also of who was put in by name: `by` is who did. */
export interface HandRaised {
  type: "floor.raised";
  hand: Hand;
  seq: number;
  at: number;
  by: string;
}

/** Out of the queue without having spoken. */
export interface HandLowered {
  type: "floor.lowered";
  hand: string;
  seq: number;
  at: number;
  by: string;
}

/** They are next to speak, and why. `counted`: it uses up a turn of their room. */
export interface HandCalled {
  type: "floor.called";
  hand: string;
  why: Why;
  counted: boolean;
  seq: number;
  at: number;
  by: string;
}

/** On air. */
export interface HandSpeaking {
  type: "floor.speaking";
  hand: string;
  seq: number;
  at: number;
  by: string;
}

/** Off the air, and out of the queue. */
export interface HandDone {
  type: "floor.done";
  hand: string;
  seq: number;
  at: number;
  by: string;
}

export interface HandSkipped {
  type: "floor.skipped";
  hand: string;
  seq: number;
  at: number;
  by: string;
}

export interface HandPutFirst {
  type: "floor.put_first";
  hand: string;
  seq: number;
  at: number;
  by: string;
}

/** The whole queue, where a log that was lost is written anew. */
export interface FloorRestored {
  type: "floor.restored";
  queue: FloorQueue;
  seq: number;
  at: number;
  by: string;
}

/** Pending: seen by staff and its author alone. Approved at once: by everybody. */
export interface QuestionAsked {
  type: "question.asked";
  question: Question;
  seq: number;
  at: number;
  by: string;
}

/** Carries the question whole: the audience meets it here for the first time. */
export interface QuestionApproved {
  type: "question.approved";
  question: Question;
  seq: number;
  at: number;
  by: string;
}

export interface QuestionShortlisted {
  type: "question.shortlisted";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** Now on screen, alone: the one before is on the shortlist again, or answered if it was `answering`. */
export interface QuestionShown {
  type: "question.shown";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** Off the screen, on the shortlist. */
export interface QuestionHidden {
  type: "question.hidden";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** Being answered, and still on screen. */
export interface QuestionAnswering {
  type: "question.answering";
  question: string;
  seq: number;
  at: number;
  by: string;
}

export interface QuestionAnswered {
  type: "question.answered";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** Of a pending question: seen by staff and its author. Of an approved one: by everybody. */
export interface QuestionDismissed {
  type: "question.dismissed";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** Taken back by its author; seen by whoever had seen it. */
export interface QuestionWithdrawn {
  type: "question.withdrawn";
  question: string;
  seq: number;
  at: number;
  by: string;
}

/** From now on asked as another one; seen by whoever had seen it. */
export interface QuestionMerged {
  type: "question.merged";
  question: string;
  into: string;
  seq: number;
  at: number;
  by: string;
}

/** Asked for itself again, and no longer as `into`: the question whole, as it stands now. */
export interface QuestionUnmerged {
  type: "question.unmerged";
  question: Question;
  into: string;
  seq: number;
  at: number;
  by: string;
}

/** Its words are others now. */
export interface QuestionEdited {
  type: "question.edited";
  question: string;
  text: string;
  seq: number;
  at: number;
  by: string;
}

/** Staff alone see it. */
export interface QuestionNoted {
  type: "question.noted";
  question: string;
  note: Note;
  seq: number;
  at: number;
  by: string;
}

/** What several people said within a moment, in order. Nobody is sent it: totals come as ticks. */
export interface VotesCast {
  type: "question.votes";
  votes: ReadonlyArray<Vote>;
  seq: number;
  at: number;
  by: string;
}

/** Whether questions wait for a moderator. */
export interface ModerationSet {
  type: "questions.moderation";
  mode: Moderation;
  seq: number;
  at: number;
  by: string;
}

/** Now on stage, and the main picture. */
export interface BroughtOn {
  type: "stage.brought_on";
  person: Person;
  seq: number;
  at: number;
  by: string;
}

export interface TakenOff {
  type: "stage.taken_off";
  person: string;
  seq: number;
  at: number;
  by: string;
}

export interface Muted {
  type: "stage.muted";
  person: string;
  seq: number;
  at: number;
  by: string;
}

export interface Unmuted {
  type: "stage.unmuted";
  person: string;
  seq: number;
  at: number;
  by: string;
}

export interface SlidesSwitched {
  type: "stage.slides_switched";
  shown: boolean;
  seq: number;
  at: number;
  by: string;
}

/** A slate with these words; who is on stage stays there, unseen and unheard. */
export interface SlateShown {
  type: "stage.slate_shown";
  text: string;
  seq: number;
  at: number;
  by: string;
}

export interface SlateLifted {
  type: "stage.slate_lifted";
  seq: number;
  at: number;
  by: string;
}

/** A cue whole, as it is from now on. Seen by speakers, interpreters and staff, as all of these. */
export interface CueChanged {
  type: "cue.changed";
  cue: Cue;
  seq: number;
  at: number;
  by: string;
}

/** There is no such cue any more: it was the same person's as another one. */
export interface CueDropped {
  type: "cue.dropped";
  cue: string;
  seq: number;
  at: number;
  by: string;
}

export interface SpeakersOrdered {
  type: "cue.ordered";
  speakers: ReadonlyArray<string>;
  seq: number;
  at: number;
  by: string;
}

/** Seen, as all of these, by speakers, interpreters and staff. */
export interface BackstageEntered {
  type: "backstage.entered";
  person: Person;
  seq: number;
  at: number;
  by: string;
}

export interface BackstageLeft {
  type: "backstage.left";
  person: string;
  seq: number;
  at: number;
  by: string;
}

export interface ReturnSet {
  type: "backstage.return_set";
  place: Return;
  seq: number;
  at: number;
  by: string;
}

/** A speaker's clock whole, as it is from now on; at `bell` equal to `at`, the bell has just been rung. */
export interface ClockChanged {
  type: "clock.changed";
  clock: Clock;
  seq: number;
  at: number;
  by: string;
}

/** A pre-flight has begun or is done; the last one is kept. Seen by staff and the speaker. */
export interface PreflightChanged {
  type: "preflight.changed";
  preflight: Preflight;
  seq: number;
  at: number;
  by: string;
}

/** New, or drafted anew; seen by staff alone. */
export interface PollDrafted {
  type: "poll.drafted";
  poll: Poll;
  seq: number;
  at: number;
  by: string;
}

/** Carries the poll whole: the audience meets it here for the first time. */
export interface PollOpened {
  type: "poll.opened";
  poll: Poll;
  seq: number;
  at: number;
  by: string;
}

export interface PollClosed {
  type: "poll.closed";
  poll: string;
  seq: number;
  at: number;
  by: string;
}

/** Whether the audience sees the results now; if so, they come as a tick. */
export interface ResultsShown {
  type: "poll.results";
  poll: string;
  shown: boolean;
  seq: number;
  at: number;
  by: string;
}

/** Now on screen, alone: a question there before left it as by `question.shown`. */
export interface PollShown {
  type: "poll.shown";
  poll: string;
  seq: number;
  at: number;
  by: string;
}

export interface PollHidden {
  type: "poll.hidden";
  poll: string;
  seq: number;
  at: number;
  by: string;
}

export interface PollDeleted {
  type: "poll.deleted";
  poll: string;
  seq: number;
  at: number;
  by: string;
}

/** What several people said within a moment, in order. Nobody is sent it: results come as ticks. */
export interface BallotsCast {
  type: "poll.ballots";
  ballots: ReadonlyArray<Ballot>;
  seq: number;
  at: number;
  by: string;
}

/** Pinned now, alone. */
export interface AnnouncementPinned {
  type: "announcement.pinned";
  announcement: Announcement;
  seq: number;
  at: number;
  by: string;
}

/** Nothing is pinned now. */
export interface AnnouncementUnpinned {
  type: "announcement.unpinned";
  seq: number;
  at: number;
  by: string;
}

/** Carries the declaration whole. */
export interface DeclarationPresented {
  type: "declaration.presented";
  declaration: Declaration;
  seq: number;
  at: number;
  by: string;
}

/** Who is asked to may sign. */
export interface DeclarationOpened {
  type: "declaration.opened";
  seq: number;
  at: number;
  by: string;
}

export interface DeclarationSigned {
  type: "declaration.signed";
  signature: Signature;
  seq: number;
  at: number;
  by: string;
}

export interface SignatureStruck {
  type: "declaration.struck";
  organisation: string;
  reason: string;
  seq: number;
  at: number;
  by: string;
}

/** No more may sign; what is signed stays. */
export interface DeclarationClosed {
  type: "declaration.closed";
  seq: number;
  at: number;
  by: string;
}

/** It is on the hall's screen; a question or a poll that was there is not any more. */
export interface DeclarationShown {
  type: "declaration.shown";
  seq: number;
  at: number;
  by: string;
}

/** It is on the hall's screen no more. */
export interface DeclarationHidden {
  type: "declaration.hidden";
  seq: number;
  at: number;
  by: string;
}

/**
 * Seen by staff. Tokens of a generation below `generation` (their claim `gen`) are void now.
 *
 * `who` is the person, where they have been here.
 */
export interface PersonEjected {
  type: "person.ejected";
  person: string;
  generation: number;
  barred: boolean;
  reason: string;
  who: Person | null;
  seq: number;
  at: number;
  by: string;
}

/** Seen by staff. */
export interface PersonReadmitted {
  type: "person.readmitted";
  person: string;
  seq: number;
  at: number;
  by: string;
}

/** Seen by staff. */
export interface InvitationBarred {
  type: "invitation.barred";
  invitation: string;
  seq: number;
  at: number;
  by: string;
}

/** The answer to `hello`. Without a snapshot, the resume was honoured: events follow from there. */
export interface Welcome {
  type: "welcome";
  you: Person;
  can: ReadonlyArray<string>;
  epoch: number;
  seq: number;
  time: number;
  token_expires: number;
  snapshot: Snapshot | null;
}

/** Facts in order. `seq`: the position after this frame, hidden events counted: resume from there. */
export interface Events {
  type: "events";
  epoch: number;
  seq: number;
  events: ReadonlyArray<AnyEvent>;
}

/** The command is durable. `seq`: of its last event. */
export interface Ack {
  type: "ack";
  id: string;
  seq: number;
}

/**
 * The command changed nothing, and why. With `retry_after` (seconds), the same may go later.
 *
 * `now`: the stage as it is, where the command was for a stage that is no more (`stage_changed`).
 */
export interface Refused {
  type: "refused";
  id: string;
  code: string;
  reason: string;
  retry_after: number | null;
  now: StageNow | null;
}

/**
 * Who is here now. `people` only where the room is small, or the role may see them.
 *
 * `roles` and `languages` (primary subtags, `und` for who has said none) are for staff and speakers;
 * `away`, whose hand is up online though they have no connection, for staff.
 */
export interface Presence {
  type: "presence";
  online: number;
  hall: number;
  people: ReadonlyArray<Person> | null;
  roles: ReadonlyArray<Share> | null;
  languages: ReadonlyArray<Share> | null;
  away: ReadonlyArray<string> | null;
}

/**
 * Who publishes what, as the relay sees it; `relay` is false while it cannot be reached.
 *
 * `hall_to`: whose return feed is the hall now, told to the hall alone.
 */
export interface MediaState {
  type: "media";
  relay: boolean;
  publications: ReadonlyArray<Media>;
  hall_to?: ReadonlyArray<Person>;
}

/**
 * When this session is now expected, in whole minutes; sent only for sessions of a programme.
 *
 * `late` (ms) is how far the expected start is behind the planned one, or, once begun, the expected
 * end behind the planned end; negative is early. `over`: it runs beyond its planned end.
 */
export interface Timetable {
  type: "timetable";
  start: number;
  end: number;
  late: number;
  over: boolean;
}

/**
 * What many people do at once, in sum, at most four times a second: the newest totals that changed.
 *
 * `reactions` are those since the tick before; they are told once. `captions` are the lines that are new
 * or have grown.
 */
export interface Tick {
  type: "tick";
  votes?: ReadonlyArray<VoteTotal>;
  polls?: ReadonlyArray<PollTotal>;
  reactions?: ReadonlyArray<ReactionTotal>;
  captions?: ReadonlyArray<Caption>;
}

/** What you have voted for, on whatever page: the questions' ids, and your ballots, all of them. */
export interface Yours {
  type: "yours";
  votes: ReadonlyArray<string>;
  ballots: ReadonlyArray<YourBallot>;
}

/** The floor as it is now, whole: who speaks, who is called, who waits in which order, who is next. */
export interface FloorNow {
  type: "floor";
  floor: Floor;
}

/** A condition of the service: `chat_paused` or `chat_resumed`. */
export interface Notice {
  type: "notice";
  code: "chat_paused" | "chat_resumed";
}

export interface Pong {
  type: "pong";
  sent: number;
  time: number;
}

export interface Token {
  type: "token";
  token: string;
  expires: number;
}

/** The last frame before the server closes, with the close code's stable name (errors.py). */
export interface Bye {
  type: "bye";
  code: string;
  reason: string;
  retry_after: number | null;
}

export type AnyCommand =
  | PostChat
  | WithdrawChat
  | DeleteChat
  | ApproveChat
  | PinChat
  | UnpinChat
  | SetChatRules
  | SetWords
  | MuteChat
  | UnmuteChat
  | OpenFloor
  | CloseFloor
  | SetRatio
  | RaiseHand
  | LowerHand
  | AddHand
  | RemoveHand
  | CallHand
  | LetSpeak
  | EndTurn
  | SkipHand
  | PutFirst
  | AskQuestion
  | ApproveQuestion
  | ShortlistQuestion
  | ShowQuestion
  | HideQuestion
  | BeginAnswer
  | AnswerQuestion
  | DismissQuestion
  | WithdrawQuestion
  | MergeQuestion
  | EditQuestion
  | NoteQuestion
  | VoteQuestion
  | SetModeration
  | BringOn
  | TakeOff
  | HandOver
  | Mute
  | Unmute
  | ShowSlides
  | HideSlides
  | ShowSlate
  | LiftSlate
  | InviteSpeaker
  | BindSpeaker
  | CheckSpeaker
  | ArriveBackstage
  | SendBackstage
  | StandBy
  | AcknowledgeStandby
  | ClearSpeaker
  | OrderSpeakers
  | EnterBackstage
  | LeaveBackstage
  | SetReturn
  | SetClock
  | StartClock
  | PauseClock
  | AddTime
  | RingBell
  | StartPreflight
  | CreatePoll
  | EditPoll
  | OpenPoll
  | ClosePoll
  | ShowResults
  | ShowPoll
  | HidePoll
  | DeletePoll
  | CastBallot
  | React
  | SendCaption
  | PinAnnouncement
  | UnpinAnnouncement
  | PresentDeclaration
  | OpenDeclaration
  | SignDeclaration
  | StrikeSignature
  | CloseDeclaration
  | ShowDeclaration
  | HideDeclaration
  | OpenDoors
  | StartSession
  | PauseSession
  | ResumeSession
  | EndSession
  | ReopenSession
  | OfferReplay
  | WithdrawReplay
  | DescribeSession
  | EjectPerson
  | ReadmitPerson
  | BarInvitation;

export type AnyClientMessage =
  | Hello
  | Ping
  | RefreshToken
  | PostChat
  | WithdrawChat
  | DeleteChat
  | ApproveChat
  | PinChat
  | UnpinChat
  | SetChatRules
  | SetWords
  | MuteChat
  | UnmuteChat
  | OpenFloor
  | CloseFloor
  | SetRatio
  | RaiseHand
  | LowerHand
  | AddHand
  | RemoveHand
  | CallHand
  | LetSpeak
  | EndTurn
  | SkipHand
  | PutFirst
  | AskQuestion
  | ApproveQuestion
  | ShortlistQuestion
  | ShowQuestion
  | HideQuestion
  | BeginAnswer
  | AnswerQuestion
  | DismissQuestion
  | WithdrawQuestion
  | MergeQuestion
  | EditQuestion
  | NoteQuestion
  | VoteQuestion
  | SetModeration
  | BringOn
  | TakeOff
  | HandOver
  | Mute
  | Unmute
  | ShowSlides
  | HideSlides
  | ShowSlate
  | LiftSlate
  | InviteSpeaker
  | BindSpeaker
  | CheckSpeaker
  | ArriveBackstage
  | SendBackstage
  | StandBy
  | AcknowledgeStandby
  | ClearSpeaker
  | OrderSpeakers
  | EnterBackstage
  | LeaveBackstage
  | SetReturn
  | SetClock
  | StartClock
  | PauseClock
  | AddTime
  | RingBell
  | StartPreflight
  | CreatePoll
  | EditPoll
  | OpenPoll
  | ClosePoll
  | ShowResults
  | ShowPoll
  | HidePoll
  | DeletePoll
  | CastBallot
  | React
  | SendCaption
  | PinAnnouncement
  | UnpinAnnouncement
  | PresentDeclaration
  | OpenDeclaration
  | SignDeclaration
  | StrikeSignature
  | CloseDeclaration
  | ShowDeclaration
  | HideDeclaration
  | OpenDoors
  | StartSession
  | PauseSession
  | ResumeSession
  | EndSession
  | ReopenSession
  | OfferReplay
  | WithdrawReplay
  | DescribeSession
  | EjectPerson
  | ReadmitPerson
  | BarInvitation;

export type AnyEvent =
  | SessionCreated
  | DoorsOpened
  | SessionStarted
  | SessionPaused
  | SessionResumed
  | SessionEnded
  | SessionReopened
  | ReplayOffered
  | ReplayWithdrawn
  | SessionDescribed
  | ChatPosted
  | ChatApproved
  | ChatDeleted
  | ChatPinned
  | ChatUnpinned
  | ChatRulesSet
  | WordsSet
  | ChatMuted
  | ChatUnmuted
  | FloorOpened
  | FloorClosed
  | RatioSet
  | HandRaised
  | HandLowered
  | HandCalled
  | HandSpeaking
  | HandDone
  | HandSkipped
  | HandPutFirst
  | FloorRestored
  | QuestionAsked
  | QuestionApproved
  | QuestionShortlisted
  | QuestionShown
  | QuestionHidden
  | QuestionAnswering
  | QuestionAnswered
  | QuestionDismissed
  | QuestionWithdrawn
  | QuestionMerged
  | QuestionUnmerged
  | QuestionEdited
  | QuestionNoted
  | VotesCast
  | ModerationSet
  | BroughtOn
  | TakenOff
  | Muted
  | Unmuted
  | SlidesSwitched
  | SlateShown
  | SlateLifted
  | CueChanged
  | CueDropped
  | SpeakersOrdered
  | BackstageEntered
  | BackstageLeft
  | ReturnSet
  | ClockChanged
  | PreflightChanged
  | PollDrafted
  | PollOpened
  | PollClosed
  | ResultsShown
  | PollShown
  | PollHidden
  | PollDeleted
  | BallotsCast
  | AnnouncementPinned
  | AnnouncementUnpinned
  | DeclarationPresented
  | DeclarationOpened
  | DeclarationSigned
  | SignatureStruck
  | DeclarationClosed
  | DeclarationShown
  | DeclarationHidden
  | PersonEjected
  | PersonReadmitted
  | InvitationBarred;

export type AnyServerMessage =
  | Welcome
  | Events
  | Ack
  | Refused
  | Presence
  | MediaState
  | Timetable
  | Tick
  | Yours
  | FloorNow
  | Notice
  | Pong
  | Token
  | Bye;
