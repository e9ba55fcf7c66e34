// The page of the emulated Megaplan: fills the places of widgets and keeps the cards of calls up to date.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("telephony-settings").textContent);
  const TYPES = { in: "Входящий звонок", out: "Исходящий звонок", miss: "Пропущенный", fail: "Неуспешный" };
  const STATES = { calling: "Звонит…", talking: "Разговор", hold: "На удержании" };

  function add(parent, tag, properties) {
    const element = Object.assign(document.createElement(tag), properties);
    parent.append(element);
    return element;
  }

  function inFrame(place, widget, given) {
    const src = `/telephony/frame/${widget.uuid}?${new URLSearchParams(given)}`;
    add(place, "iframe", { src, title: widget.name, className: widget.placeholder });
  }

  function inPage(place, widget, given) {
    const holder = add(place, "span", { className: widget.placeholder });
    Object.assign(holder.dataset, given);
    if (page.content === "script") {
      add(holder, "script", { textContent: widget.content });
      return;
    }
    holder.innerHTML = widget.content;
    for (const inert of holder.querySelectorAll("script")) {
      inert.replaceWith(Object.assign(document.createElement("script"), { textContent: inert.textContent }));
    }
  }

  for (const place of document.querySelectorAll("[data-placeholder]")) {
    for (const widget of page.widgets) {
      if (widget.placeholder !== place.dataset.placeholder) continue;
      const given = { ...widget.given };
      if (place.dataset.phone) given[page.phoneKey] = place.dataset.phone;
      (page.runs === "frame" ? inFrame : inPage)(place, widget, given);
    }
  }

  const cards = document.getElementById("cards");
  let shown = "";
  async function refresh() {
    try {
      const answer = await (await fetch("/telephony/cards")).text();
      if (answer !== shown) {
        cards.replaceChildren();
        for (const call of JSON.parse(answer)) {
          const card = add(cards, "article", { className: "call-card" });
          card.setAttribute("role", "status");
          Object.assign(card.dataset, { call: call.id, state: call.state });
          add(card, "b", { textContent: TYPES[call.type] || "Звонок" });
          add(card, "span", { textContent: STATES[call.state] || "", className: "state" });
          add(card, "div", { textContent: call.client || "Неизвестный номер", className: "client" });
          add(card, "div", { textContent: call.phone });
        }
        shown = answer;
      }
    } finally {
      setTimeout(refresh, 200);
    }
  }
  refresh();
})();
