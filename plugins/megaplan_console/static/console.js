// Follows the choices made in Airflow, which keeps them in localStorage: theme, language, time zone.
(() => {
  const { root, airflow } = document.currentScript.dataset;
  const chosen = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  const followTheme = () => {
    const theme = chosen("theme");
    const isDark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    document.dispatchEvent(new Event("themechange"));
  };

  // The server writes the texts, so it is told the language by a cookie; without cookies the page stays as it is.
  const followLanguage = () => {
    const language = (chosen("i18nextLng") || "").split("-")[0];
    const known = ["en", "ru"].includes(language) ? language : language && "en";
    if (!known || known === document.documentElement.lang) return;
    document.cookie = `megaplan_console_language=${known}; path=${root}/; samesite=lax`;
    if (document.cookie.includes(`megaplan_console_language=${known}`)) location.reload();
  };

  // Parts of a page that are read again by themselves; nothing changes while the reader is elsewhere, or has marked a text.
  const refresh = async (part) => {
    if (document.hidden || String(getSelection())) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (fresh) part.replaceChildren(...fresh.childNodes);
    showTimes();
  };

  const showTimes = () => {
    const options = { dateStyle: "short", timeStyle: "medium" };
    const zone = (chosen("timezone") || "").replaceAll('"', "");
    if (zone !== "local") options.timeZone = zone || "UTC";
    let format;
    try { format = new Intl.DateTimeFormat(document.documentElement.lang, options); } catch { return; }
    for (const time of document.querySelectorAll("time")) {
      time.title = time.dateTime;
      time.textContent = format.format(new Date(time.dateTime));
    }
  };

  // Airflow starts the run: its own API checks the user's rights, and other sites cannot send JSON to it.
  const sendAgain = async (button) => {
    const note = button.parentElement.querySelector("[role=status]");
    button.disabled = true;
    let answer;
    try {
      answer = await fetch(`${airflow}/api/v2/dags/${button.dataset.dag}/dagRuns`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ logical_date: null, conf: JSON.parse(button.dataset.conf) }),
      });
    } catch {
      answer = null;
    }
    if (answer?.ok) {
      const run = await answer.json();
      const link = document.createElement("a");
      link.href = `${airflow}/dags/${run.dag_id}/runs/${encodeURIComponent(run.dag_run_id)}`;
      link.dataset.inAirflow = "";
      link.textContent = button.dataset.started;
      note.replaceChildren(link);
    } else {
      button.disabled = false;
      const { detail } = (await answer?.json().catch(() => null)) ?? {};
      const reason = typeof detail === "string" ? `: ${detail}` : "";
      note.textContent = `${button.dataset.refused} (${answer ? answer.status : "–"})${reason}`;
    }
  };

  // Airflow's frame lets no link leave it; its router follows the history of its own window.
  const openInAirflow = (event, link) => {
    if (parent === window) return;
    event.preventDefault();
    parent.history.pushState({}, "", link.href);
    parent.dispatchEvent(new parent.PopStateEvent("popstate", { state: {} }));
  };

  followTheme();
  followLanguage();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", followTheme);
  addEventListener("storage", ({ key }) => {
    if (key === "theme") followTheme();
    if (key === "i18nextLng") followLanguage();
    if (key === "timezone") showTimes();
  });
  document.addEventListener("DOMContentLoaded", () => {
    showTimes();
    for (const part of document.querySelectorAll("[data-refresh-seconds]")) {
      setInterval(() => refresh(part), part.dataset.refreshSeconds * 1000);
    }
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-dag]");
      if (button) sendAgain(button);
      const link = event.target.closest("a[data-in-airflow]");
      if (link) openInAirflow(event, link);
    });
  });
})();
