/*
 * The search, where the site is read from a file system. There a page may load
 * no data and start no worker; scripts and frames it may. So the index comes as
 * a script, when the search asks for it, and the worker runs in a frame.
 */
var __search = {};

if (location.protocol === "file:") {
	const base = new URL(document.currentScript.dataset.base + "/",
			     location);

	__search.index = new Promise((resolve) => {
		window.bookIndex = resolve;
		addEventListener("load", () => {
			const script = document.createElement("script");

			script.src = new URL("search/search_index.js", base);
			document.head.append(script);
		});
	});

	window.Worker = class extends EventTarget {
		constructor(url) {
			super();
			this.waiting = [];
			this.frame = document.createElement("iframe");
			this.frame.hidden = true;
			this.frame.title = "search";
			this.frame.srcdoc = "<!doctype html><title>search</title>";
			this.frame.onload = () => this.start(url);
			document.documentElement.append(this.frame);
		}
		start(url) {
			const inside = this.frame.contentWindow;
			const script = inside.document.createElement("script");

			inside.postMessage = (data) => this.dispatchEvent(
				new MessageEvent("message", { data }));
			script.src = new URL(url, location);
			script.onload = () => {
				const waiting = this.waiting;

				this.waiting = null;
				waiting.forEach((data) => this.postMessage(data));
			};
			inside.document.head.append(script);
		}
		postMessage(data) {
			if (this.waiting) {
				this.waiting.push(data);
				return;
			}
			this.frame.contentWindow.dispatchEvent(
				new MessageEvent("message", { data }));
		}
		terminate() {
			this.frame.remove();
		}
	};
}
