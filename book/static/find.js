/* The search page: sections that hold the words of the query, best first. What it looks through: find.json, made by
   book/extension/parity_site/search.py. */
const MOST = 30, AROUND = 90;
const root = (document.documentElement.dataset.content_root || "").replace(/^\.\/$/, "");

/* "BatchNorm" and "batch norm" are one; accents, capitals and full-width forms do not count. */
function plain(text) {
  return text.normalize("NFKC").replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_-]/g, " ").toLowerCase();
}

/* What is looked through: as it is written and as words. */
function both(text) { return text.toLowerCase() + "\n" + plain(text); }

function count(text, word) {
  if (/[\u3400-\u9fff]/.test(word)) { return text.split(word).length - 1; }
  const begins = new RegExp("(?<![a-z0-9])" + word.replace(/[^a-z0-9 ]/g, "\\$&"), "g");     /* a word, or its beginning */
  return (text.match(begins) || []).length;
}

/* The query as groups of spellings: "BatchNorm" is also two words, a Chinese term of the glossary is also looked for in English. */
function wanted(query, chinese) {
  const words = query.normalize("NFKC").match(/[\u3400-\u9fff]+|[A-Za-z0-9]+/g) || [];
  return words.map(function (word) {
    const english = Object.keys(chinese).filter(term => /[\u3400-\u9fff]/.test(word) && term.includes(word)).flatMap(term => chinese[term]);
    return [...new Set([word.toLowerCase(), plain(word), ...english.map(plain)])];
  });
}

function score(section, groups, rarity, phrase) {
  let sum = 0, hit = 0;
  groups.forEach(function (spellings, i) {
    let best = 0;
    spellings.forEach(function (word, k) {
      const inTitle = count(section.title, word), inText = count(section.text, word);
      const own = k < 2 ? 1 : 0.8;            /* the word itself before its translation */
      best = Math.max(best, own * rarity[i] * (9 * Math.min(inTitle, 1) + 2 * Math.log2(1 + inText)));
    });
    hit += best > 0;
    sum += best;
  });
  if (groups.length > 1) { sum += 12 * (section.title.includes(phrase)) + 6 * (section.text.includes(phrase)); }
  return { hit, sum: sum * (section.term ? 1.3 : 1) / (1 + section.text.length / 40000) };
}

export function find(data, query) {
  const groups = wanted(query, data.chinese), phrase = plain(query).trim();
  if (!groups.length) { return []; }
  const sections = data.sections.map(([page, anchor, title, text]) =>
    ({ page, anchor, name: title, words: text, title: both(title), text: both(text), term: anchor.startsWith("term-") }));
  const rarity = groups.map(function (spellings) {
    const holders = sections.filter(s => spellings.some(word => count(s.title, word) || count(s.text, word))).length;
    return Math.log2(1 + sections.length / (1 + holders));
  });
  const scored = sections.map(section => ({ section, ...score(section, groups, rarity, phrase) })).filter(one => one.hit);
  const most = Math.max(0, ...scored.map(one => one.hit));
  return scored.filter(one => one.hit === most).sort((a, b) => b.sum - a.sum).slice(0, MOST)
    .map(one => ({ ...one.section, spellings: groups.flat() }));
}

/* A stretch of the text around the first word that was found, with the words marked. */
function snippet(section) {
  const low = section.words.toLowerCase(), spellings = [...new Set(section.spellings.flatMap(word => [word, word.replace(/ /g, "")]))];
  const at = spellings.map(word => low.indexOf(word)).filter(place => place >= 0);
  const from = Math.max(0, (at.length ? Math.min(...at) : 0) - AROUND), to = from + 3 * AROUND;
  const shown = (from ? "… " : "") + section.words.slice(from, to) + (to < section.words.length ? " …" : "");
  const line = document.createElement("p"), pattern = spellings.map(word => word.replace(/[^\w\u3400-\u9fff]/g, "\\$&")).join("|");
  shown.split(new RegExp("(" + pattern + ")", "i")).forEach((part, i) => line.append(i % 2 ? Object.assign(document.createElement("mark"), { textContent: part }) : part));
  return line;
}

function show(data, query) {
  const box = document.getElementById("search-results"), found = find(data, query);
  const said = document.createElement("p"), list = document.createElement("ul");
  said.setAttribute("role", "status");
  said.textContent = !query.trim() ? "" : found.length ? `${found.length === MOST ? "The best " : ""}${found.length} section${found.length > 1 ? "s" : ""} for “${query}”:`
    : `No section holds “${query}”. Try one word of it, or its English or Chinese name.`;
  for (const section of found) {
    const item = document.createElement("li"), link = document.createElement("a"), where = document.createElement("span");
    link.href = root + section.page + ".html" + (section.anchor ? "#" + section.anchor : "");
    link.textContent = section.name;
    where.textContent = data.titles[section.page] === section.name ? "" : data.titles[section.page];
    where.className = "search-page";
    item.append(link, " ", where, snippet(section));
    list.append(item);
  }
  box.replaceChildren(said, list);
}

if (document.getElementById("search-results")) {
  const query = new URLSearchParams(window.location.search).get("q") || "", field = document.querySelector(".bd-search-container input[type=search]");
  if (field) { field.value = query; }
  fetch(root + "_static/find.json").then(answer => answer.json()).then(data => show(data, query));
}
