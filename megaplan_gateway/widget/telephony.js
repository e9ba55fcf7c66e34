<!-- --><script>
// Telephony in Megaplan's pages: click-to-call beside every number; hanging up and do-not-disturb in the telephony
// widget. Part of airflow-provider-megaplan, plain JavaScript. The gateway's API: docs/widget-contract.md.
//
// The first and last lines make the file valid both as HTML and as a script, since Megaplan does not document how it
// treats a widget's content.
(() => {
  "use strict";
  const SETTINGS = {}; // filled in by the gateway: gateway, placeholder, signatureKeys, phoneKeys

  // --- adapter: all assumptions about how Megaplan runs a widget --------------------------------------------------

  // Finds the widget's container and the values Megaplan passes to it, either in data attributes around the script or
  // in the query of the widget's frame. Never reads `applicationToken`, which that query also contains.
  function readContext() {
    const script = document.currentScript;
    const container = script && script.parentElement ? script.parentElement : document.body;
    const query = new URLSearchParams(location.search);
    const find = (names) => {
      for (const name of names) {
        for (let element = script || container; element; element = element.parentElement) {
          if (element.dataset[name]) return element.dataset[name];
        }
        if (query.get(name)) return query.get(name);
      }
      return null;
    };
    return { container, signature: find(SETTINGS.signatureKeys), phone: find(SETTINGS.phoneKeys) };
  }

  // --- gateway client ---------------------------------------------------------------------------------------------

  const { container, signature, phone } = readContext();
  const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  // Sends one request. Errors have a message for the user; `retryable` means that the request may be repeated.
  async function request(route, body) {
    const headers = { "X-User-Sign": signature };
    const options = { headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
    if (body) {
      headers["Content-Type"] = "application/json";
      Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    }
    let response, result;
    try {
      response = await fetch(`${SETTINGS.gateway}/${route}`, { ...options, signal: AbortSignal.timeout(30000) });
      result = await response.json();
    } catch {
      throw failure("Нет связи с сервером телефонии. Проверьте интернет или обратитесь к администратору.", true);
    }
    if (response.ok) return result;
    const busy = [408, 413, 429].includes(response.status);
    const message = busy ? "Слишком много запросов. Подождите минуту." : result.error;
    throw failure(message || "Ошибка сервера телефонии. Попробуйте позже.", response.status === 503);
  }

  function failure(message, retryable) {
    return Object.assign(new Error(message), { retryable });
  }

  // Sends a command, repeating it under the same id if necessary; the gateway executes it once.
  async function command(route, parameters) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    const id = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    for (let attempt = 1; ; attempt++) {
      try {
        const outcome = await request(route, { command_id: id, ...parameters });
        if (outcome.state !== "working" || attempt >= 10) return outcome;
      } catch (error) {
        if (!error.retryable || attempt >= 3) throw error;
      }
      await sleep(1);
    }
  }

  // --- user interface ---------------------------------------------------------------------------------------------

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

  function setText(element, text, isError = false) {
    if (element.textContent !== text) element.textContent = element.title = text; // a narrow frame may truncate it
    element.classList.toggle("error", isError);
  }

  function callButton(root) {
    const attributes = { "aria-label": `Позвонить по номеру ${phone}` };
    const button = add(root, "button", { type: "button", className: "call", textContent: "Позвонить" }, attributes);
    const note = add(root, "span", { className: "note" }, { role: "status" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      setText(note, "Звоним…");
      try {
        const outcome = await command("call", { phone });
        setText(note, outcome.message, outcome.state !== "done");
      } catch (error) {
        setText(note, error.message, true);
      }
      await sleep(2); // ignores the second click of a double click
      button.disabled = false;
    });
  }

  function telephonyPanel(root) {
    const status = add(root, "p", { className: "status", textContent: "Загрузка…" }, { role: "status" });
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
      setText(status, state.status ? `Статус: ${state.status}` : "Статус неизвестен");
      setText(calls, state.calls.map((one) => `${one.message} ${one.phone || ""}`).join("; ") || "Звонков нет");
      hangUp.disabled = busy || !call;
      doNotDisturb.disabled = busy;
      doNotDisturb.setAttribute("aria-pressed", String(state.do_not_disturb === true));
    }

    async function run(route, parameters) {
      busy = true;
      show();
      setText(note, "");
      try {
        const outcome = await command(route, parameters);
        if (outcome.state !== "done") setText(note, outcome.message, true);
      } catch (error) {
        setText(note, error.message, true);
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
      let offline = false;
      for (;;) {
        let seconds = 10;
        try {
          state = await request("state");
          seconds = state.poll_after_seconds;
          if (offline) setText(note, "");
          offline = false;
          show();
        } catch (error) {
          offline = true;
          hangUp.disabled = doNotDisturb.disabled = true;
          setText(note, error.message, true);
        }
        await Promise.race([sleep(document.hidden ? 60 : seconds), new Promise((resolve) => (wake = resolve))]);
      }
    })();
  }

  const root = add(container, "span", { className: "mpt" });
  add(root, "style", { textContent: STYLE });
  if (!signature) {
    const text = "Мегаплан не сообщил виджету, кто вы. Обратитесь к администратору.";
    add(root, "span", { className: "error", textContent: text }, { role: "alert" });
  } else if (SETTINGS.placeholder === "common_telephony_widget") {
    telephonyPanel(root);
  } else if (phone) {
    callButton(root);
  }
})();
//</script>
