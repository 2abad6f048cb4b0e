// Only a convenience: without it an address is selected and copied by hand.
for (const field of document.querySelectorAll(".address textarea")) {
  field.addEventListener("focus", () => field.select());
  const button = field.nextElementSibling;
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    const words = button.textContent;
    const said = document.getElementById("said");
    button.textContent = said.textContent = button.dataset.said;
    setTimeout(() => { button.textContent = words; said.textContent = ""; }, 2000);
  });
}
