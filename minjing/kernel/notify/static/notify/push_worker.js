// Shows what arrives while no page is open, and opens the page it is about. Nothing is kept or cached here.
self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  // The tag makes a message that comes twice replace itself.
  event.waitUntil(self.registration.showNotification(said.title || "民生警务", {
    body: said.body || "", tag: said.tag, data: { url: said.url || "/messages/" }, icon: "/static/frame/icon.svg",
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  if (url.origin === self.location.origin) event.waitUntil(self.clients.openWindow(url.href));
});
