/* Plays a recorded trace: code, the machine's state, exits; step by step. */
"use strict";

function bookTrace(name, trace) {
	const player = document.querySelector(`[data-trace="${name}"]`);
	const stage = player.querySelector(".stage");
	const range = player.querySelector("input");
	const last = trace.steps.length - 1;
	let now = -1;
	let timer;

	const hex = (value, digits = 0) =>
		`0x${value.toString(16).padStart(digits, "0")}`;

	function element(tag, className, text) {
		const made = document.createElement(tag);

		if (className)
			made.className = className;
		if (text !== undefined)
			made.textContent = text;
		return made;
	}

	/* A part of the machine, with its name. */
	function panel(className, title, ...content) {
		const made = element("section", `panel ${className}`);

		made.append(element("h2", "", title), ...content);
		return made;
	}

	/* Rows of cells; what differs from the step before is marked. */
	function table(caption, head, rows, before) {
		const made = element("table", "cells");
		const cells = (line, row, tag) => row.forEach((cell, i) => {
			const td = element(tag, "", cell);

			if (tag === "td" && before &&
			    String(before[line.index][i]) !== String(cell))
				td.className = "changed";
			if (tag === "th")
				td.scope = "col";
			line.tr.append(td);
		});

		made.append(element("caption", "", caption));
		if (head) {
			const tr = made.createTHead().insertRow();

			cells({ tr }, head, "th");
		}
		const body = made.createTBody();

		rows.forEach((row, index) => {
			cells({ tr: body.insertRow(), index }, row, "td");
		});
		return made;
	}

	// ---- code ----

	function code(title, place, active) {
		const box = panel(active ? "code-box active" : "code-box",
				  title);

		if (typeof place === "string") {
			const [file, name] = place.split(": ");

			box.append(element("p", "function",
				   `Linux, ${file}: ${name}`));
			return box;
		}
		if (!place)
			return box;
		const { file, first, lines } = trace.code[place[0]];
		const pre = element("pre");

		box.append(element("p", "function", file));
		lines.forEach((html, i) => {
			const line = element("span", "l");

			line.innerHTML = html || " ";
			line.dataset.number = first + i;
			if (i === place[1]) {
				line.classList.add("here");
				line.ariaCurrent = "step";
			}
			pre.append(line);
		});
		pre.tabIndex = 0;
		pre.role = "group";
		pre.ariaLabel = `${title}: ${file}`;
		box.append(pre);
		return box;
	}

	// ---- step 1: registers, memory ----

	const NAMES = { rip: "RIP", rax: "RAX", rdx: "RDX", rsi: "RSI",
			rflags: "RFLAGS" };

	function registers(step, before) {
		const rows = (one) => one && Object.keys(NAMES).map((name) =>
			[NAMES[name], hex(one.registers[name], 4)]);

		return table("The vCPU's registers", null, rows(step),
			     rows(before));
	}

	function memory(step) {
		const box = element("div", "bytes");
		const bytes = trace.memory.match(/../g);

		box.append(element("p", "caption",
				   "The guest's memory, from address 0"));
		bytes.forEach((byte, i) => {
			const cell = element("span", "byte", byte);

			if (i === step.registers.rip)
				cell.classList.add("at-rip");
			if (i === step.registers.rsi)
				cell.classList.add("at-rsi");
			box.append(cell);
		});
		box.append(element("p", "legend",
				   "▢ RIP, the next instruction; " +
				   "▁ RSI, the next character"));
		return box;
	}

	function kvmRun(step, before) {
		const rows = (one) => one && [
			["exit_reason", one.exit ? one.exit.reason : ""],
			["io.direction", one.exit?.direction || ""],
			["io.port", one.exit?.port ? hex(one.exit.port) : ""],
			["io.size", one.exit?.size || ""],
			["the data", one.exit?.data ? `0x${one.exit.data}` : ""],
		];

		return table("kvm_run", null, rows(step), rows(before));
	}

	function showRegisters(step, before) {
		return [panel("machine", "The machine",
			      registers(step, before), memory(step),
			      kvmRun(step, before))];
	}

	// ---- step 3: the queue ----

	const FLAGS = (flags) => [flags & 1 ? "NEXT" : "",
				  flags & 2 ? "WRITE" : ""].join(" ").trim();

	function descriptors(step, before) {
		const rows = (one) => one && one.queue.desc.map((desc, i) => [
			i, desc.len ? hex(desc.addr) : "", desc.len || "",
			desc.len ? FLAGS(desc.flags) || "none" : "",
			desc.flags & 1 ? desc.next : ""]);

		return table("Descriptor table (the driver writes)",
			     ["entry", "address", "length", "flags", "next"],
			     rows(step), rows(before));
	}

	function available(step, before) {
		// Only what was ever written: the rest is zero, as memory is.
		const rows = (one) => one && [[one.queue.avail.flags,
			one.queue.avail.idx, ...one.queue.avail.ring.map(
				(head, i) => i < (one.queue.avail.written ??
					one.queue.avail.idx) ? head : "")]];

		return table("Available ring (the driver writes)",
			     ["flags", "index", "[0]", "[1]", "[2]", "[3]"],
			     rows(step), rows(before));
	}

	function used(step, before) {
		const rows = (one) => one && [[one.queue.used.flags,
			one.queue.used.idx, ...one.queue.used.ring.map(
				(entry) => entry.len ?
					`${entry.id}, ${entry.len}` : "")]];

		return table("Used ring (the device writes: head, length)",
			     ["flags", "index", "[0]", "[1]", "[2]", "[3]"],
			     rows(step), rows(before));
	}

	const number = (data, from, size) => data.slice(2 * from,
		2 * (from + size)).match(/../g).reverse().join("");

	function text(data) {
		const words = data.slice(0, 72).match(/../g).map((byte) => {
			const c = parseInt(byte, 16);

			return c >= 32 && c < 127 ? String.fromCharCode(c) : "·";
		});

		return `${words.join("")}…`;
	}

	function buffers(step, before) {
		const rows = (one) => {
			if (!one)
				return null;
			const [header, data, status] = one.queue.buffers;

			return [
				["header, descriptor 0", header ?
					`type ${parseInt(number(header, 0, 4), 16)}, sector ${parseInt(number(header, 8, 8), 16)}` : ""],
				["data, descriptor 1", data ? text(data) : ""],
				["status, descriptor 2", status ? `0x${status}` : ""],
			];
		};

		return table("The request's buffers", null, rows(step),
			     rows(before));
	}

	function device(step, before) {
		const rows = (one) => one && [
			["next_avail", one.queue.ours.next_avail],
			["next_used", one.queue.ours.next_used],
			["InterruptStatus", one.queue.ours.interrupt_status],
			["IRQ 5", one.queue.ours.interrupt_status ? "high ▔" :
				"low ▁"],
		];

		return table("The device, in the VMM", null, rows(step),
			     rows(before));
	}

	function showQueue(step, before) {
		return [panel("machine", "The guest's memory, and the device",
			      descriptors(step, before),
			      available(step, before), used(step, before),
			      buffers(step, before), device(step, before))];
	}

	// ---- all of it ----

	function exits(step) {
		const list = element("ol", "exits");

		trace.exits.slice(0, step.exits).forEach((text, i) => {
			const item = element("li", "", text);

			if (i === step.exits - 1)
				item.ariaCurrent = "true";
			list.append(item);
		});
		const box = panel("exits-box", "Exits to the VMM", list);

		if (!step.exits)
			box.append(element("p", "none", "none yet"));
		if (step.output !== undefined)
			box.append(element("h2", "", "Standard output"),
				   element("pre", "output", step.output));
		return box;
	}

	function go(target) {
		const next = Math.max(0, Math.min(last, target));

		if (next === now)
			return;
		now = next;
		const step = trace.steps[now];
		const before = now ? trace.steps[now - 1] : null;
		const guest = step.who === "guest";
		const left = element("div", "codes");

		left.append(code("Guest", step.guest, guest),
			    code("VMM", step.vmm, !guest));
		stage.replaceChildren(left,
			...(step.queue ? showQueue : showRegisters)(step, before),
			exits(step));
		player.querySelector(".say").textContent = step.say;
		player.querySelector(".position").textContent =
			`${now + 1} of ${last + 1}`;
		player.dataset.step = now;
		range.value = now;
		range.ariaValueText = `step ${now + 1} of ${last + 1}`;
		for (const [go, off] of [["first", now === 0],
					 ["back", now === 0],
					 ["next", now === last],
					 ["exit", now === last],
					 ["last", now === last]])
			player.querySelector(`[data-go=${go}]`).ariaDisabled =
				String(off);
		for (const here of stage.querySelectorAll(".here")) {
			const pre = here.parentElement;

			pre.scrollTop = here.offsetTop - pre.offsetTop -
				pre.clientHeight / 2;
		}
		const list = stage.querySelector(".exits");

		list.scrollTop = list.scrollHeight;
		book.makeReachable(stage);
	}

	/* The next step at which there is one exit more, or one less. */
	function exitFrom(direction) {
		let i = now + direction;

		while (i > 0 && i < last && trace.steps[i].exits ===
		       trace.steps[i - 1].exits)
			i += direction;
		return i;
	}

	function stop() {
		clearInterval(timer);
		timer = null;
		player.querySelector("[data-go=play]").textContent = "▶▶";
	}

	function play() {
		if (timer) {
			stop();
			return;
		}
		if (now === last)
			go(0);
		player.querySelector("[data-go=play]").textContent = "❚❚";
		timer = setInterval(() => {
			go(now + 1);
			if (now === last)
				stop();
		}, Number(player.dataset.pace) || 2500);
	}

	const actions = {
		first: () => go(0), back: () => go(now - 1),
		next: () => go(now + 1), last: () => go(last),
		exit: () => go(exitFrom(1)), play,
	};

	for (const button of player.querySelectorAll("[data-go]"))
		button.onclick = () => {
			if (button.dataset.go !== "play")
				stop();
			actions[button.dataset.go]();
		};
	range.oninput = () => go(Number(range.value));
	document.addEventListener("keydown", (event) => {
		const inside = player.contains(document.activeElement) ||
			document.activeElement === document.body;
		const keys = { ArrowLeft: () => go(now - 1),
			       ArrowRight: () => go(now + 1),
			       ArrowUp: () => go(exitFrom(-1)),
			       ArrowDown: () => go(exitFrom(1)),
			       Home: () => go(0), End: () => go(last) };
		const scrolls = document.activeElement === document.body &&
			!["ArrowLeft", "ArrowRight"].includes(event.key);

		if (!inside || scrolls || event.altKey || event.ctrlKey ||
		    event.metaKey || !keys[event.key])
			return;
		event.preventDefault();
		stop();
		keys[event.key]();
	});
	player.classList.add("ready");
	go(0);
}
