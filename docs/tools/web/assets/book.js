/* Blocks of code with their views, folds and copies; and words explained. */
"use strict";

(() => {
	const base = new URL("..", document.currentScript.src);

	// ---- files, which are loaded when somebody wants to see them ----

	const waiting = {};

	window.bookFile = (name, html) => waiting[name].resolve(html);

	function loadFile(name) {
		if (!waiting[name]) {
			const entry = {};

			entry.promise = new Promise((resolve, reject) => {
				const script = document.createElement("script");

				entry.resolve = resolve;
				script.src = new URL(`code/${name}.js`, base);
				script.onerror = reject;
				document.head.append(script);
			});
			waiting[name] = entry;
		}
		return waiting[name].promise;
	}

	// ---- folds ----

	function addFolds(pre) {
		for (const fold of pre.querySelectorAll(".fold")) {
			const button = document.createElement("button");

			button.type = "button";
			button.className = "unfold";
			button.ariaLabel = `Show ${fold.dataset.label}`;
			button.ariaExpanded = "false";
			fold.classList.add("folded");
			button.onclick = () => {
				const folded = fold.classList.toggle("folded");

				button.ariaExpanded = String(!folded);
			};
			fold.before(button);
		}
	}

	// ---- the views of a block ----

	function mark(pre, spans) {
		const lines = pre.querySelectorAll(".l");

		for (const span of (spans || "").split(",").filter(Boolean)) {
			const [first, last] = span.split("-").map(Number);

			for (let i = first; i <= last && i <= lines.length; i++)
				lines[i - 1].classList.add("come");
		}
	}

	async function show(figure, view) {
		let pre = figure.querySelector(`pre.${view}`);

		if (!pre) {
			pre = document.createElement("pre");
			pre.className = view;
			pre.tabIndex = 0;
			pre.ariaLabel = figure.querySelector("pre").ariaLabel;
			pre.innerHTML = await loadFile(figure.dataset[view]);
			addFolds(pre);
			if (view === "after")
				mark(pre, figure.dataset.added);
			figure.append(pre);
		}
		for (const other of figure.querySelectorAll("pre"))
			other.hidden = other !== pre;
		for (const button of figure.querySelectorAll("[data-view]"))
			button.ariaPressed =
				String(button.dataset.view === view);
		const first = view === "after" && pre.querySelector(".come");

		pre.scrollTop = first ? first.offsetTop - 4 *
			first.offsetHeight : 0;
	}

	// ---- copies ----

	/* What patch or an editor wants: the text, letter for letter. */
	function textOf(figure) {
		const typed = [...figure.querySelectorAll(".typed.shell")];

		if (figure.classList.contains("console"))
			return typed.map((line) => `${line.textContent}\n`)
				.join("");
		return [...figure.querySelectorAll("pre")]
			.find((pre) => !pre.hidden).textContent;
	}

	async function copy(text) {
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			const area = document.createElement("textarea");

			area.value = text;
			document.body.append(area);
			area.select();
			document.execCommand("copy");
			area.remove();
		}
	}

	// ---- glossary ----

	let tip;

	function hideTip() {
		if (tip) {
			tip.term.removeAttribute("aria-describedby");
			tip.remove();
		}
		tip = null;
	}

	function showTip(term) {
		if (tip && tip.term === term)
			return;
		hideTip();
		tip = document.createElement("div");
		tip.id = "definition";
		tip.role = "tooltip";
		tip.term = term;
		tip.textContent = term.dataset.definition;
		document.body.append(tip);
		term.setAttribute("aria-describedby", tip.id);

		const place = term.getClientRects()[0];
		const width = document.documentElement.clientWidth;
		const left = Math.min(place.left, width - tip.offsetWidth - 8);
		const below = place.bottom + tip.offsetHeight + 8 <
			document.documentElement.clientHeight;

		tip.style.left = `${Math.max(8, left) + scrollX}px`;
		tip.style.top = `${scrollY + (below ? place.bottom + 4 :
			place.top - tip.offsetHeight - 4)}px`;
	}

	function addTerms() {
		for (const term of document.querySelectorAll("a.term")) {
			term.addEventListener("mouseenter", () => showTip(term));
			term.addEventListener("focus", () => showTip(term));
			term.addEventListener("blur", hideTip);
			term.addEventListener("mouseleave", (event) => {
				if (event.relatedTarget !== tip)
					hideTip();
				else
					tip.onmouseleave = hideTip;
			});
		}
		addEventListener("keydown", (event) => {
			if (event.key === "Escape")
				hideTip();
		});
	}

	// ---- for keys ----

	/* What scrolls can be reached without a mouse. */
	function makeReachable(root) {
		const boxes = root.querySelectorAll(
			"pre > code, pre, table, .md-typeset__scrollwrap");

		for (const box of boxes) {
			const scrolls = box.scrollWidth > box.clientWidth ||
				box.scrollHeight > box.clientHeight;

			if (scrolls && !box.hasAttribute("tabindex"))
				box.tabIndex = 0;
		}
	}

	const search = document.querySelector(".md-search");

	if (search)
		search.ariaLabel = "Search";
	addEventListener("load", () => makeReachable(document));
	addEventListener("resize", () => makeReachable(document));
	// The theme takes it away again where there is no mouse.
	new MutationObserver(() => makeReachable(document)).observe(
		document.querySelector(".md-content"),
		{ subtree: true, attributeFilter: ["tabindex"] });

	// ---- the page ----

	for (const figure of document.querySelectorAll("figure.code")) {
		addFolds(figure.querySelector("pre"));
		for (const button of figure.querySelectorAll("[data-view]"))
			button.onclick = () =>
				show(figure, button.dataset.view);
		const button = figure.querySelector(".copy");

		if (button)
			button.onclick = async () => {
				await copy(textOf(figure));
				button.textContent = "copied";
				setTimeout(() => button.textContent = "copy",
					   1500);
			};
	}
	addTerms();
	window.book = { textOf, makeReachable };
})();
