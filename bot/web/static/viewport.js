/** Fits the page above the on-screen keyboard where the browser only moves the picture (iOS). */

export function fitViewport() {
  const visible = window.visualViewport;
  if (!visible) return;
  const style = document.documentElement.style;
  const fit = () => {
    // Zoomed in by hand, the visitor wants to look closely, not a smaller page.
    if (visible.scale > 1.01) return;
    style.setProperty("--viewport-height", `${visible.height}px`);
    style.setProperty("--viewport-top", `${visible.offsetTop}px`);
  };
  visible.addEventListener("resize", fit);
  visible.addEventListener("scroll", fit);
  fit();
}
