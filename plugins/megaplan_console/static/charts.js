// Draws each chart of the page with uPlot; the numbers stand below it as a table.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const COLOURS = ["--first", "--second", "--third"];
  const DAY = 86400;
  const drawn = [];
  const moment = (seconds, x) => {
    const isDays = x.every((each) => each % DAY === 0);
    const [day, time] = new Date(seconds * 1000).toISOString().split("T");
    return isDays || seconds % DAY === 0 ? day.slice(5) : time.slice(0, 5);
  };

  const draw = (element) => {
    const x = JSON.parse(element.dataset.x);
    if (!x.length) return;
    const series = JSON.parse(element.dataset.series);
    const isBars = "bars" in element.dataset;
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
    const chart = new uPlot({
      width: element.clientWidth,
      height: 180,
      scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((tick) => moment(tick, x)) }, { ...axis, size: 60 }],
      series: [{ label: element.dataset.time, value: (_, seconds) => (seconds == null ? "–" : moment(seconds, x)) }, ...series.map((each, place) => ({
        label: each.label,
        stroke: colour(COLOURS[place]),
        fill: isBars ? colour(COLOURS[place]) : undefined,
        width: 2,
        points: { show: x.length < 40 && !isBars },
        paths: isBars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined,
      }))],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    }, [x, ...series.map((each) => each.values)], element);
    drawn.push({ element, chart });
  };

  const drawAll = () => {
    for (const { chart } of drawn.splice(0)) chart.destroy();
    document.querySelectorAll(".chart").forEach(draw);
  };

  drawAll();
  document.addEventListener("themechange", drawAll);
  addEventListener("resize", () => {
    for (const { element, chart } of drawn) chart.setSize({ width: element.clientWidth, height: 180 });
  });
})();
