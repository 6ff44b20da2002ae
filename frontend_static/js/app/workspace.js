/**
 * The workspace put together: session, viewer, panel and keys. One instance per page.
 *
 * @typedef {import('./session.js').OpenCase} OpenCase
 * @typedef {import('../viewer/viewer.js').ToolName} ToolName
 * @typedef {import('../api/items.js').WorkspaceDocument} WorkspaceDocument
 */
import { saveAnnotation } from '../api/items.js';
import { openingIndex, proposedMasks } from '../lib/proposal.js';
import { Header } from '../ui/header.js';
import { Notices } from '../ui/notices.js';
import { HistorySection, ProposalSection, SegmentsSection, WhySection } from '../ui/panel.js';
import { QuestionsSection } from '../ui/questions.js';
import { Rail } from '../ui/rail.js';
import { StatusLine } from '../ui/status.js';
import { h } from '../ui/dom.js';
import { toast } from '../ui/toast.js';
import { runAction } from './actions.js';
import { DisplayMemory } from './display_memory.js';
import { JournalStore } from './journal_store.js';
import { Labels } from './labels.js';
import { askConflict, askFlag, askSkip, askUndecided } from './prompts.js';
import { replayOthers } from './replay.js';
import { Session } from './session.js';
import { Shortcuts } from './shortcuts.js';

export class Workspace {
  /** @type {OpenCase | null} */ open = null;
  #displays = new DisplayMemory();
  #busy = false;

  /**
   * @param {HTMLElement} element the page's `#workspace`
   * @param {import('../viewer/viewer.js').Viewer} viewer
   * @param {HTMLElement} view the element that the viewer fills
   * @param {{project: string, user: string}} options
   */
  constructor(element, viewer, view, { project, user }) {
    this.viewer = viewer;
    this.journal = new JournalStore();
    this.user = user;
    this.labels = new Labels(viewer, () => this.#showLabels());
    this.session = new Session({ project, user, journal: this.journal, events: this.#sessionEvents() });
    this.shortcuts = new Shortcuts({
      run: (action) => this.run(action),
      release: (action) => action === 'peek' && this.peek(false),
      control: (held) => viewer.holdEraser(held),
    });
    this.header = new Header({
      submit: () => this.submit(), skip: () => this.skip(), flag: () => this.flag(), saveState: () => this.#saveStatePressed(),
    });
    this.rail = new Rail((action) => this.run(action), this.shortcuts.actions);
    this.status = new StatusLine();
    this.sections = this.#sections();
    this.panel = h('aside', { class: 'ws-panel', 'aria-label': 'Case' }, ...Object.values(this.sections).map(({ element }) => element));
    for (const { element } of Object.values(this.sections)) element.hidden = true;
    this.notices = new Notices(view);
    element.replaceChildren(this.header.element, this.rail.element, view, this.panel, this.status.element);
    this.#listen();
  }

  /** @param {import('../api/items.js').FetchedCase | null} first the case to open; null: nothing waits */
  async start(first) {
    if (!this.viewer.gpu) this.status.setNote('No WebGL2: images draw slower, all tools work');
    await this.session.start(first);
    this.#replayOthers(String(first?.doc.id ?? ''));
  }

  /** @param {string} action */
  run(action) {
    if (!this.open && action !== 'help') return;
    if (this.open?.document.busy && action !== 'cancel' && action !== 'peek') return;
    runAction(this, action);
  }

  /** @param {ToolName} tool */
  setTool(tool) {
    const usable = { brush: this.labels.hasMasks, eraser: this.labels.hasMasks, polygon: this.labels.hasMasks || this.labels.hasBoxes, box: this.labels.hasBoxes };
    if (tool in usable && !usable[/** @type {'box'} */ (tool)]) return;
    this.viewer.setTool(tool);
  }

  /** The class at a place, or, where there is nothing to draw, that option of the first open question. @param {number} place */
  chooseNth(place) {
    if (this.labels.hasMasks || this.labels.hasBoxes) return this.labels.choose(place);
    return this.sections.questions.press(place);
  }

  /** Take over everything the model proposes and nobody decided on. */
  acceptAll() {
    const proposal = this.open?.proposal;
    if (!proposal) return;
    proposal.accept(proposal.open, { answers: true });
    this.#showProposal();
    this.open?.autosave.touch();
  }

  async submit() {
    const { open } = this;
    if (!open || this.#busy) return;
    this.viewer.cancel();
    const suggested = open.proposal?.answers ?? {};
    const missing = (open.doc.schema.questions ?? []).filter(({ key, required }) => required && open.document.answers[key] === undefined && suggested[key] === undefined);
    if (missing.length) return this.sections.questions.showMissing(missing.map(({ key }) => key));
    const undecided = open.proposal?.open ?? [];
    if (undecided.length) {
      const choice = await askUndecided(undecided);
      if (choice === '') return;
      if (choice === 'accept') open.proposal?.accept(undecided);
      else open.proposal?.reject(undecided);
    }
    open.document.edit('confirm the suggested answers', (gesture) => gesture.set('answers', { ...suggested, ...open.document.answers }));
    await this.#leave(() => this.session.submitAndNext());
  }

  async skip() {
    const choice = this.open && !this.#busy && (await askSkip());
    if (choice) await this.#leave(() => this.session.skipAndNext(choice.reason, choice.note));
  }

  async flag() {
    const note = this.open && (await askFlag());
    if (!note) return;
    await this.session.flag(note).then(() => toast('Flagged for others to look at.'), (error) => toast(error.message, 'bad'));
  }

  undo() { this.open?.document.undo(); }
  redo() { this.open?.document.redo(); }

  deleteSelected() {
    const { document } = this.open ?? {};
    const id = this.viewer.selected;
    if (!document || !id) return;
    document.edit('delete', (gesture) => gesture.set('boxes', document.boxes.filter((box) => box.id !== id)));
  }

  /** @param {boolean} held */
  peek(held) {
    this.viewer.setVisible({ hidden: held || this.#overlaysHidden });
  }

  toggleOverlays() {
    this.#overlaysHidden = !this.#overlaysHidden;
    this.peek(false);
    if (this.#overlaysHidden) toast('Labels are hidden. Press H to show them.');
  }
  #overlaysHidden = false;

  toggleFill() {
    this.viewer.setVisible({ fillHidden: !this.viewer.overlay.fillHidden });
  }

  #sections() {
    const proposal = new ProposalSection({
      acceptAll: () => this.acceptAll(),
      clear: () => this.#decide((control) => control.reject(control.open)),
      accept: (name) => this.#decide((control) => control.accept([name])),
      reject: (name) => this.#decide((control) => control.reject([name])),
      reopen: (name) => this.#decide((control) => control.reopen(name)),
      show: (name) => this.viewer.goToFrame(this.open?.proposal?.frameOf(name) ?? ''),
      peek: (held) => this.peek(held),
    });
    const segments = new SegmentsSection({
      activate: (row) => this.labels.choose(this.labels.rows().findIndex(({ name, kind }) => name === row.name && kind === row.kind)),
      hide: (row) => this.labels.toggleHidden(row),
      lock: (row) => this.labels.toggleLocked(row),
      keepOutline: (on) => { this.viewer.keepOutline = on; },
    });
    const questions = new QuestionsSection((key, value) => this.#answer(key, value));
    return { why: new WhySection(), proposal, segments, questions, history: new HistorySection() };
  }

  #listen() {
    this.viewer.on('tool', () => this.#showLabels());
    this.viewer.on('progress', (progress) => this.status.setProgress(progress));
    this.viewer.on('display', (display) => {
      this.rail.setInverted(display.inverted);
      if (this.open) this.#displays.keep(this.open.doc.case.modality, display);
    });
    this.viewer.on('error', (error) => toast(error.message, 'warn'));
  }

  /** @returns {import('./session.js').SessionEvents} */
  #sessionEvents() {
    return {
      show: (open) => this.#show(open),
      preload: (series, doc) => this.viewer.preload(series, startIndex(doc)),
      onSave: (status) => this.#saveStatus(status),
      onNext: (state) => this.status.setNext(state),
      onEmpty: () => this.#showEmpty(),
      onLeaseLost: (message) => this.notices.banner(`${message || 'Someone else has taken this case over.'} Your changes are still kept.`),
    };
  }

  /** @param {OpenCase} open */
  async #show(open) {
    this.notices.clear();
    try {
      await this.#paint(open);
    } catch (error) {
      this.#showUnreadable(open, /** @type {Error} */ (error));
    }
  }

  /** @param {OpenCase} open */
  async #paint(open) {
    const { doc, series, document, proposal } = open;
    this.open = null;
    this.labels.open(doc.schema, document, spacingOf(doc));
    this.viewer.locked.clear();
    await this.viewer.open({
      series, document, looks: this.labels.looks, modality: doc.case.modality, index: startIndex(doc),
      proposal: proposal && { ...proposal, masks: proposal.masks, boxes: doc.prediction?.content.boxes ?? [], polygons: doc.prediction?.content.polygons ?? [], hidden: proposal.hidden, confidence: doc.prediction?.confidence.classes ?? {} },
      proposalNote: '',
    });
    this.#displays.apply(doc.case.modality, this.viewer);
    this.open = open;
    history.replaceState(null, '', `/items/${doc.id}/`);
    window.document.title = `${doc.case.title} · ${doc.project.name}`;
    document.onChange((event) => this.#documentChanged(event));
    this.viewer.releaseOthers([series]);
    this.#showCase(open);
  }

  /** @param {OpenCase} open */
  #showCase({ doc, recovered }) {
    this.header.setCase(doc);
    this.header.setBusy(false);
    this.sections.why.update(doc.why);
    this.sections.history.update(doc.history);
    this.rail.setShown({ 'tool.brush': this.labels.hasMasks, 'tool.eraser': this.labels.hasMasks, 'tool.polygon': this.labels.hasMasks || this.labels.hasBoxes, 'tool.box': this.labels.hasBoxes });
    if (!this.#toolChosen) this.setTool(this.labels.hasMasks ? 'brush' : this.labels.hasBoxes ? 'box' : 'window');
    this.#toolChosen = true;
    this.#showLabels();
    this.#showProposal();
    this.#showQuestions();
    this.#showUndo();
    const holder = doc.lease.mine ? '' : doc.lease.holder;
    this.notices.banner(holder ? `${holder} is working on this case. You can look; saving over their work is not possible.` : '');
    if (recovered) toast('Unsaved work of your last session was found and taken up.');
  }
  #toolChosen = false;

  /** @param {import('../lib/document.js').ChangeEvent} event */
  #documentChanged(event) {
    if (event.parts.has('slice')) this.labels.recount(event.frames);
    this.#showLabels();
    this.#showProposal();
    if (event.parts.has('answers')) this.#showQuestions();
    this.#showUndo();
  }

  #showLabels() {
    const outlineOption = this.viewer.tool === 'polygon' && this.labels.hasMasks;
    this.sections.segments.update(this.labels.rows(), { outlineOption, keepOutline: this.viewer.keepOutline });
    this.rail.setTool(this.viewer.tool);
    this.status.setTool(this.viewer.tool, this.labels.name);
  }

  #showUndo() {
    this.rail.setEnabled({ undo: Boolean(this.open?.document.canUndo), redo: Boolean(this.open?.document.canRedo) });
  }

  #showQuestions() {
    if (!this.open) return;
    const { doc, document, proposal } = this.open;
    this.sections.questions.update(doc.schema.questions ?? [], document.answers, proposal?.answers ?? {},
      proposal?.prediction.confidence.answers ?? {}, { keys: !this.labels.hasMasks && !this.labels.hasBoxes });
  }

  #showProposal() {
    const control = this.open?.proposal;
    if (!control || !this.open) return this.sections.proposal.update(null);
    const { model, confidence } = control.prediction;
    const rows = control.names.map((name) => ({ name, confidence: confidence.classes?.[name] ?? null, verdict: control.verdict(name) }));
    const answersOpen = Object.keys(control.answers).some((key) => this.open?.document.answers[key] === undefined);
    const sure = confidence.overall === undefined ? '' : ` · ${Math.round(confidence.overall * 100)} %`;
    this.sections.proposal.update({ title: `Proposal · model ${model.number}${sure}`, rows, answersOpen });
    if (this.viewer.overlay.proposal) this.viewer.overlay.proposal.hidden = control.hidden;
    this.viewer.setProposalNote(control.open.length || answersOpen ? `Proposal: model ${model.number}` : '');
    return this.viewer.overlay.refreshProposal();
  }

  /** @param {(proposal: import('./proposal.js').ProposalControl) => void} decide */
  #decide(decide) {
    const { open } = this;
    if (!open?.proposal || open.document.busy) return;
    decide(open.proposal);
    this.#showProposal();
    open.autosave.touch();
  }

  /**
   * @param {string} key
   * @param {string | string[] | null} value
   */
  #answer(key, value) {
    const { document } = this.open ?? {};
    if (!document || document.busy) return;
    const { [key]: _, ...others } = document.answers;
    document.edit('answer', (gesture) => gesture.set('answers', value === null ? others : { ...others, [key]: value }));
  }

  /** @param {() => Promise<unknown>} go */
  async #leave(go) {
    this.#busy = true;
    this.header.setBusy(true);
    try {
      await go();
    } catch (error) {
      toast(/** @type {Error} */ (error).message, 'bad');
    } finally {
      this.#busy = false;
      this.header.setBusy(!this.open || this.session.current === null);
    }
  }

  /** @param {import('./autosave.js').SaveStatus} status */
  #saveStatus(status) {
    this.header.setSaveState(status);
    if (!this.journal.durable) this.status.setNote('This browser keeps no journal: unsaved work is lost when the tab closes');
    if (status.name === 'conflict') this.#saveStatePressed();
    if (status.name === 'refused') toast(`Not saved: ${status.message}`, 'bad');
  }

  async #saveStatePressed() {
    const { autosave } = this.open ?? this.session.current ?? {};
    if (!autosave) return;
    if (autosave.status.name !== 'conflict') return void autosave.flush();
    const choice = await askConflict(autosave.status);
    if (choice) autosave.resolve(choice);
  }

  #showEmpty() {
    this.open = null;
    this.header.setBusy(true);
    const home = h('a', { class: 'button primary', href: `/p/${this.session.project}/` }, 'To the project');
    this.notices.card('Nothing is waiting for you', 'Every case of this project is read or in somebody’s hands. New ones appear as they are imported or come back for review.', home);
  }

  /**
   * The image cannot be shown: say why, and leave ways on.
   * @param {OpenCase} open
   * @param {Error} error
   */
  #showUnreadable({ doc }, error) {
    console.error(error);
    this.open = null;
    this.header.setCase(doc);
    const again = h('a', { class: 'button primary', href: `/items/${doc.id}/` }, 'Try again');
    const skip = h('button', { onclick: () => this.#leave(() => this.session.skipAndNext('bad_quality', error.message)) }, 'Skip this case');
    this.notices.card('This case cannot be shown', error.message, h('div', { class: 'row' }, again, skip));
  }

  /** @param {string} except the case on show, whose work is taken up there */
  async #replayOthers(except) {
    const send = (/** @type {string} */ id, /** @type {import('../lib/journal.js').Save} */ save) => saveAnnotation(id, save);
    const { sent, stuck } = await replayOthers({ journal: this.journal, user: this.user, except, send });
    if (sent.length) toast(`Unsaved work of ${sent.map(({ title }) => title).join(', ')} was handed over.`);
    for (const { title } of stuck) toast(`Unsaved work of ${title} meets a newer version. Open that case to settle it.`, 'bad');
  }
}

/** @param {WorkspaceDocument} doc */
function startIndex(doc) {
  const frames = new Map(doc.frames.map((frame) => [frame.key, frame]));
  const content = doc.prediction?.content ?? doc.annotation.content ?? {};
  return openingIndex(doc.frames, content, proposedMasks(content, frames));
}

/** @param {WorkspaceDocument} doc */
function spacingOf({ geometry: { spacing, is_volume: volume } }) {
  if (!spacing) return [];
  return volume ? spacing : spacing.slice(-2);
}
