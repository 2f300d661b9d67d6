"""Measurements to one table: medians per column, the ratio's median and spread."""
import statistics

HEAD = ("", "ours", "peer", "floor", "ours better by (spread)", "of floor", "target")


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def values(part, column, key):
    return [row[column][key] for row in part.rounds if row.get(column) and key in row[column]]


def median(found):
    return statistics.median(found) if found else None


def ratios(part, figure, of="peer"):
    """Per round, so that what slowed the machine for a while slowed both."""
    found = []
    for row in part.rounds:
        ours, other = (row.get(column) or {} for column in ("ours", of))
        a, b = ours.get(figure.key), other.get(figure.key)
        if a and b:
            found.append(a / b if figure.better == "higher" else b / a)
    return found


def cells(part, figure):
    def shown(column):
        text = number(median(values(part, column, figure.key)))
        return f"{text} {figure.unit}".rstrip() if text != "-" else text

    ratio = of_floor = ""
    if figure.better and (found := ratios(part, figure)):
        ratio = f"{statistics.median(found):.2f}x ({min(found):.2f} to {max(found):.2f})"
    if figure.better == "higher" and (found := ratios(part, figure, "floor")):
        of_floor = f"{statistics.median(found):.2f}"
    return (figure.label, shown("ours"), shown("peer"), shown("floor"), ratio, of_floor, figure.target)


def rendered(part):
    """Markdown, readable as it is."""
    rows = [HEAD, *(cells(part, figure) for figure in part.figures)]
    rows[0] = ("", "ours", part.peer, *HEAD[3:])
    keep = [at for at in range(len(HEAD)) if at < 3 or any(row[at].strip("-") for row in rows[1:])]
    rows = [[row[at] for at in keep] for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(keep))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"note: {note}" for note in sorted(part.notes)]
    return "\n".join([part.title + ":", "", *lines, *([""] + notes if notes else [])])
