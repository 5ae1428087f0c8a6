/** A tray as a panel offers it: the StatusNotifierWatcher on the session bus, and a hand that opens menus and clicks. */
import dbus from 'dbus-next';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const ITEM = 'org.kde.StatusNotifierItem';

class Watcher extends dbus.interface.Interface {
  items = [];
  hasHost = true;

  RegisterStatusNotifierItem(service) {
    this.items.push(service);
  }

  RegisterStatusNotifierHost() {}

  get RegisteredStatusNotifierItems() {
    return this.items;
  }

  get IsStatusNotifierHostRegistered() {
    return this.hasHost;
  }

  get ProtocolVersion() {
    return 0;
  }
}

Watcher.configureMembers({
  methods: {
    RegisterStatusNotifierItem: { inSignature: 's' },
    RegisterStatusNotifierHost: { inSignature: 's' },
  },
  properties: {
    RegisteredStatusNotifierItems: { signature: 'as', access: dbus.interface.ACCESS_READ },
    IsStatusNotifierHostRegistered: { signature: 'b', access: dbus.interface.ACCESS_READ },
    ProtocolVersion: { signature: 'i', access: dbus.interface.ACCESS_READ },
  },
});

export class Tray {
  /** @param {boolean} hasHost whether a panel shows what registers here */
  static async open(address, hasHost = true) {
    const tray = new Tray();
    tray.bus = dbus.sessionBus({ busAddress: address });
    tray.watcher = new Watcher(WATCHER);
    tray.watcher.hasHost = hasHost;
    await tray.bus.requestName(WATCHER, 0);
    // libappindicator gives an object path and is known by the sender of the message.
    tray.bus.on('message', (message) => {
      if (message.member === 'RegisterStatusNotifierItem') tray.sender = message.sender;
    });
    tray.bus.export('/StatusNotifierWatcher', tray.watcher);
    return tray;
  }

  /** Where the app's icon is: bus name and object path; undefined before the app registered. */
  get item() {
    const given = this.watcher.items.at(-1);
    if (!given) return undefined;
    return given.startsWith('/') ? { name: this.sender, path: given } : { name: given, path: '/StatusNotifierItem' };
  }

  async #property(property) {
    const { name, path } = this.item;
    const object = await this.bus.getProxyObject(name, path);
    const value = await object.getInterface('org.freedesktop.DBus.Properties').Get(ITEM, property);
    return value.value;
  }

  /** Name of the icon that is shown now. */
  iconName() {
    return this.#property('IconName');
  }

  async #menu() {
    const path = await this.#property('Menu');
    const object = await this.bus.getProxyObject(this.item.name, path);
    return object.getInterface('com.canonical.dbusmenu');
  }

  /** Lines of the menu, as a person reads them, with their ids. */
  async lines() {
    const menu = await this.#menu();
    await menu.AboutToShow(0).catch(() => undefined);
    const [, layout] = await menu.GetLayout(0, -1, []);
    return layout[2]
      .map((child) => ({ id: child.value[0], label: child.value[1].label?.value }))
      .filter((line) => line.label !== undefined);
  }

  /** Clicks the line whose label contains `text`. */
  async click(text) {
    const line = (await this.lines()).find((candidate) => candidate.label.includes(text));
    if (!line) throw new Error(`the tray menu has no line ${text}`);
    const menu = await this.#menu();
    await menu.Event(line.id, 'clicked', new dbus.Variant('s', ''), Math.floor(Date.now() / 1000));
  }

  async close() {
    this.bus.disconnect();
  }
}
