/** Times as the customer's wall clock in Vietnam shows them, wherever the browser is. */

import { language, t } from "./i18n.js";

const ZONE = "Asia/Ho_Chi_Minh";
const DAY = 24 * 60 * 60 * 1000;
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });

const format = (at, options) => new Intl.DateTimeFormat(language(), { timeZone: ZONE, ...options }).format(at);

/** "09:41" */
export function clock(at) {
  return format(new Date(at), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** "2026-11-23": equal for two moments of the same day in Vietnam. */
export function day(at) {
  return isoDay.format(new Date(at));
}

/** "Hôm nay", "Hôm qua", or the weekday and date; the year only when it is not this one. */
export function dayName(at, now = Date.now()) {
  const which = day(at);
  if (which === day(now)) return t("today");
  if (which === day(now - DAY)) return t("yesterday");
  const year = which.slice(0, 4) === day(now).slice(0, 4) ? {} : { year: "numeric" };
  return format(new Date(at), { weekday: "long", day: "numeric", month: "long", ...year });
}

/** The whole moment, for tooltips. */
export function fullTime(at) {
  return format(new Date(at), { dateStyle: "full", timeStyle: "short" });
}
