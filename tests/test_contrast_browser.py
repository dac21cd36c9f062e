"""A real browser: what is written is seen by weak eyes in both themes, and each page says its name in the tab."""

import pytest
from test_browser import _page, browser, server  # noqa: F401

from dashboard.pages_table import PAGES

FAINT = """() => {
    const ink = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (colour) => {
        ink.clearRect(0, 0, 1, 1); ink.fillStyle = colour; ink.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, share, under) => [0, 1, 2].map((i) => top[i] * share + under[i] * (1 - share));
    const light = (colour) => {
        const [r, g, b] = colour.map((v) => v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const above = (one) => { const all = []; for (; one instanceof Element; one = one.parentElement) all.push(one);
                             return all; };
    const faint = new Set();
    const walk = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.textContent.trim(), at = walk.currentNode.parentElement;
        const style = getComputedStyle(at), chart = at.namespaceURI.endsWith('svg');
        const box = at.getBoundingClientRect();
        if (!text || style.visibility !== 'visible' || box.width < 2 || at.closest('style, :disabled')) continue;
        if (chart && style.fill === 'rgb(255, 255, 255)') continue;  // on a cell of a colour chosen for it
        const lines = above(at);
        const grounds = lines.map((one) => rgba(getComputedStyle(one).backgroundColor)).filter((one) => one[3] > 0);
        const ground = grounds.reverse().reduce((under, top) => over(top, top[3], under), [255, 255, 255]);
        const seen = lines.reduce((all, one) => all * getComputedStyle(one).opacity, chart ? style.fillOpacity : 1);
        const front = rgba(chart ? style.fill : style.color);
        const [less, more] = [light(over(front, seen * front[3], ground)), light(ground)].sort((a, b) => a - b);
        const ratio = (more + 0.05) / (less + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (seen > 0.1 && ratio > 1.01 && ratio < (large ? 3 : 4.5)) faint.add(`${text} ${ratio.toFixed(2)}`);
    }
    return [...faint];
}"""
"""Texts of less contrast than WCAG 2.2, 1.4.3, asks for; of charts, those that stand on the page's own ground."""


@pytest.fixture(params=["light", "dark"])
def page(request, browser):  # noqa: F811
    with _page(browser, (1440, request.param)) as page:
        yield page


@pytest.mark.parametrize("url", ["", "models", "model", "face-size", "studies"])
def test_what_is_written_has_contrast(server, page, url):  # noqa: F811
    page.goto(f"{server[0]}/{url}")
    if url in ("models", "face-size", "studies"):
        page.locator("[data-testid=stPlotlyChart] .xtick").first.wait_for()
    page.locator("[data-testid=stCaptionContainer]").first.wait_for()
    page.locator('[data-test-script-state="notRunning"]').wait_for()
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    assert not page.evaluate(FAINT)


def test_the_browsers_tab_says_which_page_it_has_and_nothing_is_fetched_for_it(server, page):  # noqa: F811
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for entry in (PAGES[0], PAGES[1], PAGES[-1]):
        page.goto(f"{server[0]}/{entry.url}")
        said = f"{entry.title} · Seven Faces" if entry.url else "Seven Faces"
        page.wait_for_function("said => document.title === said", arg=said)
    page.get_by_role("link", name="Studies").click()
    page.wait_for_function("() => document.title === 'Studies · Seven Faces'")
    page.locator('[data-test-script-state="notRunning"]').wait_for()
    assert not [url for url in asked if not url.startswith((server[0], "data:", "blob:"))]
