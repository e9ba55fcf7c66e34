<!-- --><script>
// Telephony in Megaplan's pages: "call" beside every number, "hang up" and "do not disturb" in the telephony widget.
// A plain script of airflow-provider-megaplan; what it says to the gateway: docs/widget-contract.md.
//
// The first and the last line make it the same to whoever reads it as HTML and to whoever runs it as a script:
// which of them Megaplan does with a widget's content is documented nowhere.
(() => {
  "use strict";
  const SETTINGS = {}; // filled in by the gateway: gateway, placeholder, signKeys, phoneKeys

  // --- the adapter: all that is assumed about how Megaplan runs a widget -----------------------------------------

  // Where the widget stands, and what Megaplan tells it: in data attributes around the script, or in the address
  // of the widget's own frame. `applicationToken`, which such an address also holds, is never looked at.
  function surroundings() {
    const script = document.currentScript;
    const place = script && script.parentElement ? script.parentElement : document.body;
    const address = new URLSearchParams(location.search);
    const told = (names) => {
      for (const name of names) {
        for (let holder = script || place; holder; holder = holder.parentElement) {
          if (holder.dataset[name]) return holder.dataset[name];
        }
        if (address.get(name)) return address.get(name);
      }
      return null;
    };
    return { place, sign: told(SETTINGS.signKeys), phone: told(SETTINGS.phoneKeys) };
  }

  // --- the gateway ---------------------------------------------------------------------------------------------

  const { place, sign, phone } = surroundings();
  const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  // One request. Errors carry a sentence for people; `again` says that the same request may be sent once more.
  async function ask(route, body) {
    const headers = { "X-User-Sign": sign };
    const options = { headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
    if (body) {
      headers["Content-Type"] = "application/json";
      Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    }
    let answer, told;
    try {
      answer = await fetch(`${SETTINGS.gateway}/${route}`, { ...options, signal: AbortSignal.timeout(30000) });
      told = await answer.json();
    } catch {
      throw failure("Нет связи с сервером телефонии. Проверьте интернет или обратитесь к администратору.", true);
    }
    if (answer.ok) return told;
    const busy = [408, 413, 429].includes(answer.status);
    const text = busy ? "Слишком много запросов: подождите минуту." : told.error;
    throw failure(text || "Сервер телефонии не смог ответить.", answer.status === 503);
  }

  function failure(message, again) {
    return Object.assign(new Error(message), { again });
  }

  // A command under one id, however often it has to be sent: the gateway carries it out once.
  async function command(route, what) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    const body = { command_id: Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join(""), ...what };
    for (let attempt = 1; ; attempt++) {
      try {
        const told = await ask(route, body);
        if (told.state !== "working" || attempt >= 10) return told;
      } catch (error) {
        if (!error.again || attempt >= 3) throw error;
      }
      await pause(1);
    }
  }

  // --- what people see -----------------------------------------------------------------------------------------

  const STYLE = `
    .mpt{font:14px/1.4 system-ui,"Segoe UI",Roboto,sans-serif;color:#1f2933}
    .mpt button{font:inherit;padding:4px 9px;border:1px solid #b8c4ce;border-radius:8px;background:#fff;cursor:pointer}
    .mpt button:focus-visible{outline:3px solid #2f6fed}
    .mpt button:disabled{color:#6b7780;cursor:default;background:#f5f7fa}
    .mpt .call{color:#176b46;border-color:#48b882}.mpt .hang-up:enabled{color:#fff;background:#b3261e;border-color:#b3261e}
    .mpt [aria-pressed=true]{color:#fff;background:#a3421c;border-color:#a3421c}
    .mpt p{margin:0 0 8px}.mpt .note{margin-left:8px;font-size:12px}.mpt .buttons{display:flex;gap:8px;flex-wrap:wrap}
    .mpt .error{color:#b3261e}`;

  function add(parent, tag, properties, attributes = {}) {
    const element = Object.assign(document.createElement(tag), properties);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent.append(element);
    return element;
  }

  function say(element, text, isError = false) {
    if (element.textContent !== text) element.textContent = element.title = text; // a narrow frame may cut it off
    element.classList.toggle("error", isError);
  }

  function callButton(root) {
    const attributes = { "aria-label": `Позвонить по номеру ${phone}` };
    const button = add(root, "button", { type: "button", className: "call", textContent: "Позвонить" }, attributes);
    const note = add(root, "span", { className: "note" }, { role: "status" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      say(note, "Набираем…");
      try {
        const told = await command("call", { phone });
        say(note, told.told, told.state !== "done");
      } catch (error) {
        say(note, error.message, true);
      }
      await pause(2); // a double click is one click
      button.disabled = false;
    });
  }

  function telephonyPanel(root) {
    const status = add(root, "p", { className: "status", textContent: "Узнаём состояние…" }, { role: "status" });
    const calls = add(root, "p", { className: "calls" }, { role: "status" });
    const buttons = add(root, "div", { className: "buttons" });
    const release = { type: "button", className: "hang-up", textContent: "Завершить звонок", disabled: true };
    const hangUp = add(buttons, "button", release);
    const quiet = { type: "button", className: "quiet", textContent: "Не беспокоить", disabled: true };
    const doNotDisturb = add(buttons, "button", quiet, { "aria-pressed": "false" });
    const note = add(root, "p", { className: "note" }, { role: "alert" });
    let state = null;
    let busy = false;
    let wake = () => {};

    function show() {
      const call = state.calls.find((one) => one.can_hang_up);
      say(status, state.status ? `Статус: ${state.status}` : "Статус неизвестен");
      say(calls, state.calls.map((one) => `${one.told} ${one.phone || ""}`).join("; ") || "Звонков нет");
      hangUp.disabled = busy || !call;
      doNotDisturb.disabled = busy;
      doNotDisturb.setAttribute("aria-pressed", String(state.do_not_disturb === true));
    }

    async function run(route, what) {
      busy = true;
      show();
      say(note, "");
      try {
        const told = await command(route, what);
        if (told.state !== "done") say(note, told.told, true);
      } catch (error) {
        say(note, error.message, true);
      }
      busy = false;
      wake();
    }

    hangUp.addEventListener("click", () => {
      const call = state.calls.find((one) => one.can_hang_up);
      if (call) run("hang-up", { call_session_id: call.call_session_id });
    });
    doNotDisturb.addEventListener("click", () => run("do-not-disturb", { value: state.do_not_disturb !== true }));
    document.addEventListener("visibilitychange", () => document.hidden || wake());

    (async () => {
      let lost = false;
      for (;;) {
        let seconds = 10;
        try {
          state = await ask("state");
          seconds = state.poll_after_seconds;
          if (lost) say(note, "");
          lost = false;
          show();
        } catch (error) {
          lost = true;
          hangUp.disabled = doNotDisturb.disabled = true;
          say(note, error.message, true);
        }
        await Promise.race([pause(document.hidden ? 60 : seconds), new Promise((resolve) => (wake = resolve))]);
      }
    })();
  }

  const root = add(place, "span", { className: "mpt" });
  add(root, "style", { textContent: STYLE });
  if (!sign) {
    const text = "Мегаплан не сообщил виджету, кто вошёл: обратитесь к администратору.";
    add(root, "span", { className: "error", textContent: text }, { role: "alert" });
  } else if (SETTINGS.placeholder === "common_telephony_widget") {
    telephonyPanel(root);
  } else if (phone) {
    callButton(root);
  }
})();
//</script>
