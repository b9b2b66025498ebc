// What a form of /setup does besides with scripts: each part of it works without, by a page loaded anew.

// A new table begins with the zone of who fills in the form; without this script, with UTC.
const zone = document.querySelector("[data-guess]");
if (zone?.value === "UTC") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// Sources are tried out while the form is filled in
const form = document.getElementById("form"), found = document.getElementById("found");
document.getElementById("check")?.addEventListener("click", async (clicked) => {
  clicked.preventDefault();
  const button = clicked.currentTarget, told = new URLSearchParams({ csrf: form.elements.csrf.value, hashtags: form.elements.hashtags.value });
  button.disabled = true;
  found.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/setup/channels${location.search}`, { method: "POST", body: told });
    if (!answer.ok) return location.reload();
    found.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.children);
  } finally {
    button.disabled = false;
    found.removeAttribute("aria-busy");
  }
});
