/* The search page: sections that hold the words of the query, best first. What it looks through: find.json, made by
   book/extension/parity_site/search.py. */
const MOST = 30, LONGEST = 260;
/* words that say nothing where others stand beside them */
const STOP = new Set("a an and are at between by can do does for from how i in into is it its my of on or the to what where which why with 的 是 和 与".split(" "));
const root = (document.documentElement.dataset.content_root || "").replace(/^\.\/$/, "");

/* "BatchNorm" and "batch norm" are one, licence and license too; accents, capitals and full-width forms do not count. */
function plain(text) {
  return text.normalize("NFKC").replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_-]/g, " ").toLowerCase()
    .replace(/licence/g, "license").replace(/is(e|ed|es|er|ing|ation)\b/g, "iz$1").replace(/our\b/g, "or");
}

/* What is looked through: as it is written and as words. */
function both(text) { return text.toLowerCase() + "\n" + plain(text); }

/* A word without its ending, so that "gates" also finds a gate and "transposed" a transpose; the sign at its end says that
   only an ending may follow: "padding" is no Paddle. */
const ENDING = "(?:e|y|s|es|ed|er|ers|ing|ings|ies|ion|ions)?(?![a-z])";
function stem(word) {
  const bare = word.length > 4 && /^[a-z]+$/.test(word) ? word.replace(/(ies|es|s|ed|ing)$/, "") : word;
  return bare === word ? word : bare + "~";
}

function count(text, word) {
  if (/[\u3400-\u9fff]/.test(word)) { return text.split(word).length - 1; }
  const whole = word.endsWith("~"), bare = whole ? word.slice(0, -1) : word;
  const begins = new RegExp("(?<![a-z0-9])" + bare.replace(/[^a-z0-9 ]/g, "\\$&") + (whole ? ENDING : ""), "g");     /* a word, or its beginning */
  return (text.match(begins) || []).length;
}

/* The Chinese words that we know in a query: it itself, or those that hold it, or those that it holds. */
function terms(word, chinese) {
  if (!/[\u3400-\u9fff]/.test(word)) { return []; }
  if (Object.hasOwn(chinese, word)) { return [word]; }
  const around = Object.keys(chinese).filter(term => term.includes(word));
  return around.length ? around : Object.keys(chinese).filter(term => term.length > 1 && word.includes(term));
}

/* The query as groups of spellings: "BatchNorm" is also two words, a Chinese term of the glossary is also looked for in English. */
function wanted(query, chinese) {
  const all = query.normalize("NFKC").match(/[\u3400-\u9fff]+|[A-Za-z0-9_]+/g) || [], said = all.filter(word => !STOP.has(word.toLowerCase()));
  return (said.length ? said : all).map(function (word) {
    const english = terms(word, chinese).flatMap(term => chinese[term]);
    const own = [word.toLowerCase(), plain(word)];
    return { own: [...new Set(own)], other: [...new Set([...own.map(stem), ...english.map(plain)])].filter(one => !own.includes(one)) };
  });
}

function holds(section, word) { return count(section.title, word) || count(section.text, word) || count(section.code, word); }

function score(section, groups, rarity, phrase) {
  let sum = 0, hit = 0;
  groups.forEach(function ({ own, other }, i) {
    const best = Math.max(...[...own, ...other].map(function (word, k) {
      const words = count(section.text, word) + 0.3 * count(section.code, word);
      return (k < own.length ? 1 : 0.8) * (9 * Math.min(count(section.title, word), 1) + 2 * Math.log2(1 + words));    /* the word itself before its kin */
    }));
    hit += best > 0;
    sum += best * rarity[i];
  });
  if (groups.length > 1) { sum += 12 * (section.title.includes(phrase)) + 6 * (section.text.includes(phrase)); }
  /* a definition stands first where it is just what was asked for, and behind what explains where it is not */
  const exact = section.names.includes(phrase), begun = section.names.some(name => name.startsWith(phrase));
  const worth = section.behind ? 0.5 : exact ? 2 : section.term ? (begun ? 1.2 : 0.7) : 1;
  return { hit, sum: sum * worth / (1 + section.text.length / 40000) };
}

export function find(data, query) {
  const groups = wanted(query, data.chinese), phrase = plain(query).trim();
  if (!groups.length) { return []; }
  const sections = data.sections.map(function ([page, anchor, title, prose, code]) {
    const chinese = anchor.startsWith("term-") && title.slice(0, -1).split(" (").pop(), names = chinese ? [chinese, ...data.chinese[chinese]] : [title];
    return { page, anchor, name: title, prose, lines: code ? code.split("\n") : [], title: both(title), text: both(prose), code: both(code),
      term: Boolean(chinese), names: names.map(plain), behind: data.behind.includes(page) };
  });
  const rarity = groups.map(function ({ own, other }) {
    const holders = sections.filter(section => [...own, ...other].some(word => holds(section, word))).length;
    return Math.log2(1 + sections.length / (1 + holders));
  });
  const scored = sections.map(section => ({ section, ...score(section, groups, rarity, phrase) })).filter(one => one.hit);
  const most = Math.max(0, ...scored.map(one => one.hit));
  return scored.filter(one => one.hit === most).sort((a, b) => b.sum - a.sum).slice(0, MOST).map(one => ({ ...one.section, groups }));
}

/* How many of the query's words a text holds. */
function held(text, groups) {
  const low = both(text);
  return groups.filter(({ own, other }) => [...own, ...other].some(word => count(low, word))).length;
}

function best(texts, groups) {
  let found = "", most = 0;
  for (const text of texts) {
    const hits = held(text, groups);
    if (hits > most) { found = text; most = hits; }
  }
  return [found, most];
}

/* A long sentence is cut, between words, to what stands around the first word that was found. */
function cut(sentence, pattern) {
  if (sentence.length <= LONGEST) { return sentence; }
  const at = Math.max(0, sentence.search(pattern) - LONGEST / 3), from = at ? sentence.indexOf(" ", at) + 1 || at : 0;
  const shown = sentence.slice(from, from + LONGEST), end = shown.lastIndexOf(" ");
  const tail = from + LONGEST < sentence.length;
  return (from ? "… " : "") + (tail && end > LONGEST / 2 ? shown.slice(0, end) : shown) + (tail ? " …" : "");
}

/* The words of the query as they may stand in a text, and all of them in a row: BatchNorm, batch_norm. */
function pattern(groups) {
  const escaped = word => word.endsWith("~") ? word.slice(0, -1) + ENDING : word.replace(/[^\w\u3400-\u9fff ]/g, "\\$&").replace(/[ _]/g, "[ _-]?")
    .replace(/iz(?=[eia])/g, "i[sz]").replace("license", "licen[cs]e");
  const words = groups.flatMap(({ own, other }) => [...own, ...other]).filter(Boolean).sort((a, b) => b.length - a.length).map(escaped);
  const row = groups.map(({ own }) => escaped(own[0])).join("[ _-]?");
  return new RegExp("(" + [row, ...words].map(word => (/^[a-z]/.test(word) ? "(?<![A-Za-z])" : "") + word).join("|") + ")", "i");
}

/* Text with its Chinese runs named as such. */
function spoken(text) {
  return text.split(/([\u3400-\u9fff]+)/).map((part, i) => i % 2 ? Object.assign(document.createElement("span"), { lang: "zh", textContent: part }) : part);
}

function marked(element, text, words) {
  text.split(new RegExp(words.source, "gi")).forEach(function (part, i) {
    const shown = i % 2 ? document.createElement("mark") : element;
    shown.append(...spoken(part));
    if (i % 2) { element.append(shown); }
  });
  return element;
}

/* What stands in the section: its sentence with most of the words, and a line of code where the prose lacks some. */
function excerpt(section) {
  const words = pattern(section.groups), made = [];
  const sentences = section.prose.split(/\n|(?<=[.?!。？！])\s+(?=[^a-z])/);
  const [sentence, said] = best(sentences, section.groups), [line, coded] = best(section.lines, section.groups);
  if (sentences[0] && (said || !coded)) { made.push(marked(document.createElement("p"), cut(sentence || sentences[0], words), words)); }
  if (coded > said) {
    const shown = document.createElement("p");
    shown.append(marked(Object.assign(document.createElement("code"), { className: "search-code" }), line.slice(0, LONGEST), words));
    made.push(shown);
  }
  return made;
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
    link.append(...spoken(section.name));
    where.textContent = data.titles[section.page] === section.name ? "" : data.titles[section.page];
    where.className = "search-page";
    item.append(link, " ", where, ...excerpt(section));
    list.append(item);
  }
  box.replaceChildren(said, list);
}

if (document.getElementById("search-results")) {
  const query = new URLSearchParams(window.location.search).get("q") || "", field = document.querySelector(".bd-search-container input[type=search]");
  if (field) { field.value = query; }
  fetch(root + "_static/find.json").then(answer => answer.json()).then(data => show(data, query));
}
