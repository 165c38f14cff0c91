/*
 * The search. Its index comes when somebody wants to search, and not with each
 * page. Where the site is read from a file system a page may load no data and
 * start no worker; scripts and frames it may. So there the index comes as a
 * script, and the worker runs in a frame.
 */
var __search = {};

(() => {
	const base = new URL(`${document.currentScript.dataset.base}/`,
			     location);
	const isFile = location.protocol === "file:";

	function asScript(resolve) {
		const script = document.createElement("script");

		window.bookIndex = resolve;
		script.src = new URL("search/search_index.js", base);
		document.head.append(script);
	}

	async function asData(resolve) {
		const url = new URL("search/search_index.json", base);

		resolve(await (await fetch(url)).json());
	}

	__search.index = new Promise((resolve) => {
		const load = isFile ? asScript : asData;
		const want = (event) => {
			if (event && !event.target.matches?.(".md-search__input"))
				return;
			removeEventListener("focusin", want);
			load(resolve);
		};

		if (new URLSearchParams(location.search).has("q"))
			want();
		else
			addEventListener("focusin", want);
	});

	if (!isFile)
		return;

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
})();
