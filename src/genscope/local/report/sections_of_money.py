"""What a page says of cost: on whom and what it was spent, what was saved, what could be, what a month comes to."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.local.report.figures import Cached, Figures, Instead, RepeatedPrompt, Saving, Total
from genscope.local.report.html import Markup, element
from genscope.local.report.numerals import of, percent, said, score
from genscope.local.report.tables import Column, card, table
from genscope.local.report.wording import Words


def spending(figures: Figures, words: Words) -> Markup:
    made = [element("h2", "Where the money went"), _totals("By model", "Model", figures.models, figures, words)]
    for name, title, column in (("users", "By user", "User"), ("workflows", "By workflow", "Workflow")):
        totals: Sequence[Total] | None = getattr(figures, name)
        if totals is None or name in figures.missing:
            made += [element("h3", title), element("p", f"Not known: {figures.missing.get(name, '')}.", class_="note")]
        else:
            made.append(_totals(title, column, totals, figures, words))
    if len(figures.services) > 1:
        made.append(_totals("By service", "Service", figures.services, figures, words))
    return element("section", made)


def _totals(title: str, column: str, totals: Sequence[Total], figures: Figures, words: Words) -> Markup:
    whole = figures.now.cost
    columns: list[Column[Total]] = [
        Column(column, words.name, number=False),
        Column("Calls", lambda one: words.count(one.calls)),
        Column("Cost", lambda one: words.money(one.cost)),
        Column("Of all", lambda one: words.percent(one.cost / whole if whole and one.cost is not None else None)),
        Column("Success", lambda one: words.percent(one.success_rate)),
        Column("Half within", lambda one: words.seconds(one.duration.p50 if one.duration else None)),
        Column("95 % within", lambda one: words.seconds(one.duration.p95 if one.duration else None)),
    ]
    if column == "Model" and figures.models_before and figures.whole:
        before = figures.models_before
        changed: Column[Total] = Column(
            "Cost, change", lambda one: words.sums(one.cost, before.get(one.key or ""), more_is_better=False)
        )
        columns.insert(4, changed)
    return Markup(element("h3", title) + table(totals, columns))


def savings(figures: Figures, words: Words) -> Markup:
    return element(
        "section",
        element("h2", "What was saved, and what could be"),
        _cached(figures, words),
        _repeats(figures, words),
        _instead(figures, words),
    )


def _cached(figures: Figures, words: Words) -> Sequence[Markup]:
    head = element("h3", "Input from the providers' caches")
    if figures.cached is None:
        return [head, element("p", f"Not known: {figures.missing.get('cached', '')}.", class_="note")]
    if not figures.cached:
        told = [element("p", "No call had any of its input from a cache, as far as providers have said.")]
    else:
        known = [one.saved for one in figures.cached if one.saved is not None]
        read = sum(one.read_tokens for one in figures.cached)
        text = f"{of(read, 'token')} came from caches; what that saved is not known, for no list price is."
        if known:
            verb = "saved" if sum(known) >= 0 else "cost more, by"
            limits = "" if len(known) == len(figures.cached) else ", as far as prices are known"
            text = f"{of(read, 'token')} came from caches, which {verb} {words.money(abs(sum(known)))}{limits}."
        told = [
            element("p", text),
            table(figures.cached, _columns_of_cached(words)),
        ]
    more = figures.more_cached
    if more is not None:
        text = f"If {percent(more.rate)} of every model's input came from the cache, it would save another "
        told.append(element("p", f"{text}{words.money(more.saving)} in such a period."))
    return [head, *told]


def _columns_of_cached(words: Words) -> list[Column[Cached]]:
    return [
        Column("Model", lambda one: words.name(Total(one.key, one.provider)), number=False),
        Column("Input tokens", lambda one: words.count(one.input_tokens)),
        Column("From the cache", lambda one: words.count(one.read_tokens)),
        Column("Hit rate", lambda one: words.percent(one.read_tokens / one.input_tokens if one.input_tokens else None)),
        Column("Written to it", lambda one: words.count(one.write_tokens)),
        Column("Saved", lambda one: words.money(one.saved)),
    ]


def _repeats(figures: Figures, words: Words) -> Sequence[Markup]:
    head, found = element("h3", "Prompts that were sent again"), figures.repeats
    if found is None:
        return [head, element("p", f"Not known: {figures.missing.get('repeats', '')}.", class_="note")]
    if not found.prompts:
        return [head, element("p", f"No prompt of {of(found.known, 'call')} was answered twice.")]
    known = f"{words.count(found.known)} of {of(figures.now.calls, 'call')}"
    text = (
        f"{of(found.prompts, 'prompt')} had more than one answer by the same model, in "
        f"{of(found.calls, 'call')}. Had the first answer to each been kept and used again, that had saved "
        f"{words.money(found.avoidable)}. Prompts are known of {known}."
    )
    columns: list[Column[RepeatedPrompt]] = [
        Column("Prompt", lambda one: element("code", one.content_hash), number=False),
        Column("Model", lambda one: words.name(Total(one.model, one.provider)), number=False),
        Column("Times", lambda one: words.count(one.calls)),
        Column("Cost", lambda one: words.money(one.cost)),
        Column("Avoidable", lambda one: words.money(one.avoidable)),
        Column("First", lambda one: [words.time(one.first), element("small", one.trace_id)], number=False),
    ]
    return [head, element("p", text), table(found.worst, columns)]


def _instead(figures: Figures, words: Words) -> Sequence[Markup]:
    head = element("h3", "The same tokens with another model")
    if figures.instead is None:
        return [head, element("p", f"Not known: {figures.missing.get('instead', '')}.", class_="note")]
    if not figures.instead:
        text = "No model in use would have been cheaper for what another did. Others: --what-if MODEL=OTHER."
        return [head, element("p", text, class_="note")]
    columns: list[Column[Instead]] = [
        Column("Model", lambda one: words.name(Total(one.model, one.provider)), number=False),
        Column("Instead", lambda one: words.name(Total(one.other_model, one.other_provider)), number=False),
        Column("Calls", lambda one: words.count(one.calls)),
        Column("Cost", lambda one: words.money(one.cost)),
        Column("Instead", lambda one: words.money(one.other_cost)),
        Column("Saving", lambda one: [words.money(one.saving), element("small", _part(one))]),
        Column("Mean score", lambda one: f"{said(one.score, score)} → {said(one.other_score, score)}"),
    ]
    note = (
        "At list price, nothing in a cache. Another model counts tokens in another way, and answers otherwise: "
        "try it before you believe it."
    )
    return [head, table(figures.instead, columns), element("p", note, class_="note")]


def _part(one: Instead) -> str | None:
    return percent(one.saving / one.cost) if one.cost and one.saving > 0 else None


def projection(figures: Figures, words: Words) -> Markup:
    head, found = element("h2", "A month of 30 days, if it goes on like this"), figures.projection
    if found is None:
        return element("section", head, element("p", f"Not told: {figures.missing.get('projection', '')}."))
    days = f"From {found.days:.1f} days of data"
    cards = [
        card("Spend", words.money(found.spend), element("small", days)),
        card("Calls a day", words.count(found.daily_calls)),
        card("Mean response", words.seconds(found.mean_duration)),
        card("Error rate", words.percent(found.error_rate)),
        card("Expected saving", words.money(found.saving), element("small", f"{percent(found.saving / found.spend)}")),
    ]
    if found.investment is not None:
        cards.append(card("Paid back after", words.seconds(_seconds(found.payback_months))))
    made: list[object] = [element("dl", cards, class_="cards")]
    if found.savings:
        columns: list[Column[Saving]] = [
            Column("Measure", lambda one: one.what, number=False),
            Column("Saves a month, by itself", lambda one: words.money(one.monthly)),
        ]
        made.append(table(found.savings, columns))
        if len(found.savings) > 1:
            together = "Together they save less than their sum: each only saves of what the ones before it leave."
            made.append(element("p", together, class_="note"))
    else:
        hint = "No measure is known that would save: see --what-if, --cache-rate and GENSCOPE_CONTENT_HASH."
        made.append(element("p", hint, class_="note"))
    if found.investment is None:
        made.append(element("p", "What the work costs, --investment 5000, tells when it is paid back.", class_="note"))
    if found.assumed:
        items = [element("li", one) for one in found.assumed]
        made += [element("h3", "Assumed"), element("ul", items, class_="assumed")]
    return element("section", head, made)


def _seconds(months: float | None) -> float | None:
    return None if months is None else months * 30 * 86_400
