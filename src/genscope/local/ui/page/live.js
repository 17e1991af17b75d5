// What has come, as the server tells it. A page that is not seen does not listen: a browser has six connections for all.

const AGAIN = 2000;

export class Live {
  #after = null;
  #source = null;
  #waiting = null;

  /** `heard(news)` for each piece of news, `changed(state)` when the connection is `on`, `lost` or `paused`. */
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop("paused") : this.#listen()));
  }

  /** From what is shown, so that nothing in between is missed. */
  from(position) {
    this.#after ??= position;
    if (!document.hidden) this.#listen();
  }

  #listen() {
    if (this.#source !== null || this.#after === null) return;
    const source = new EventSource(`/api/live?after=${encodeURIComponent(this.#after)}`);
    this.#source = source;
    source.addEventListener("open", () => this.changed("on"));
    source.addEventListener("news", (event) => {
      const news = JSON.parse(event.data);
      this.#after = news.position;
      if (news.spans || news.logs || news.reset) this.heard(news);
    });
    source.addEventListener("error", () => {
      this.changed("lost");
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      this.#stop("lost");
      this.#waiting = setTimeout(() => this.#listen(), AGAIN);
    });
  }

  #stop(state) {
    clearTimeout(this.#waiting);
    this.#source?.close();
    this.#source = null;
    this.changed(state);
  }
}
