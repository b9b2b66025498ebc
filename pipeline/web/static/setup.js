// A new table begins with the zone of who fills in the form; without this script, with UTC.
const zone = document.querySelector("[data-guess]");
if (zone?.value === "UTC") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
