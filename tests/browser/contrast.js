// Every visible piece of text with less contrast to its background than WCAG AA asks: 4.5, or 3 for large text. It asks
// nothing of what cannot be used just now, such as the way back from a first page.
() => {
    const parse = (text) => {
        const parts = text.match(/[\d.]+/g);
        if (!parts) return null;
        const [r, g, b, a = 1] = parts.map(Number);
        // A mixed colour is told by parts of one: color(srgb 0.1 0.2 0.3 / 0.7).
        return text.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const luminance = (colour) => {
        const [r, g, b] = colour.slice(0, 3).map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour && colour[3] > 0) layers.push(colour);
            if (colour && colour[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const opacity = (element) => {
        let product = 1;
        for (let at = element; at; at = at.parentElement) product *= Number(getComputedStyle(at).opacity);
        return product;
    };
    // What a shape or a text of a chart is painted with, as seen through all that holds it.
    const paint = (element) => {
        const style = getComputedStyle(element);
        const colour = parse(style.fill);
        return colour && [...colour.slice(0, 3), colour[3] * Number(style.fillOpacity) * opacity(element)];
    };
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim();
        const element = walker.currentNode.parentElement;
        if (!text || !element || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest(':disabled')) continue;
        const box = element.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        const style = getComputedStyle(element);
        const inChart = element.closest('svg');
        const colour = parse(inChart ? style.fill : style.color);
        if (!colour) continue;
        const front = inChart ? paint(element) : [...colour.slice(0, 3), colour[3] * opacity(element)];
        let behind = background(inChart ? inChart.parentElement : element);
        // A label inside a bar lies on the bar, which is no ancestor of it but stands beside it.
        const bar = inChart && element.closest('.bartext-inside')?.parentElement.querySelector('path');
        if (bar) behind = over(paint(bar), behind);
        const seen = over(front, behind);
        const [light, dark] = [luminance(seen), luminance(behind)].sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) faults.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)} (${inChart ? style.fill : style.color})`);
    }
    return [...new Set(faults)];
}
